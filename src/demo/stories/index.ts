import { shop } from './shop.ts';
import type { Story } from './story.ts';
import { supportBot } from './support-bot.ts';

/** All that can be told, by name. */
export const STORIES: Readonly<Record<string, Story>> = { [shop.name]: shop, [supportBot.name]: supportBot };
