import { failoversOf } from './failover.ts';
import { products } from './products.ts';

/* What failover.test.ts asks of MariaDB, of MySQL. */

failoversOf(products.mysql);
