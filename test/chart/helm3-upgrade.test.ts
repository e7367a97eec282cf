import { upgradesBy } from './upgrades.ts';

/* What upgrade.test.ts asks of Helm 4, of Helm 3. */

upgradesBy('helm3');
