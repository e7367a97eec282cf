import { failoversOf } from './failover.ts';
import { products } from './products.ts';

failoversOf(products.mariadb);
