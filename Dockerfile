# syntax=docker/dockerfile:1
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY tsconfig.json tsconfig.build.json ./
# `npm ci` builds the console.
COPY src/console src/console
RUN npm ci
COPY src src
COPY plugins plugins
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY config config
# State (sqlite:data/…) is the one thing that is written; mount a volume here to keep it.
RUN mkdir data && chown node:node data
USER node
VOLUME ["/app/data"]
# The public listener has to be reachable from outside the container; the admin listener stays on loopback unless a
# config with admin.token says otherwise.
ENV HYPERCARE_LISTEN=0.0.0.0:8080
# What the flags and this save: docs/performance.md, Memory.
ENV MALLOC_ARENA_MAX=2
EXPOSE 8080
# The admin listener: it speaks plain HTTP whatever the public one does. Another port of it is said here.
ENV HYPERCARE_READYZ=http://127.0.0.1:9090/readyz
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(process.env.HYPERCARE_READYZ).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=16", "--heap-growing-percent=50", "dist/src/main.js"]
CMD ["start", "--config", "config/gateway.yaml"]
