import { upgradesBy } from './upgrades.ts';

upgradesBy('helm');
