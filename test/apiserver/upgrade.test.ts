import { upgradesBy } from '../chart/upgrades.ts';

upgradesBy('helm');
