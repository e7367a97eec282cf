import { upgradesBy } from './upgrades.ts';

/* What npm test asks of Helm 4's upgrades, of Helm 3's. */

upgradesBy('helm3');
