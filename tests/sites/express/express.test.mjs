import { judge } from '../lib/judge.mjs';
import { start } from './site.mjs';

judge('express', start);
