import { databaseOf } from './database.ts';
import { products } from './products.ts';

/* What database.test.ts asks of MariaDB, of MySQL. */

databaseOf(products.mysql);
