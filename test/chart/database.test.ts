import { databaseOf } from './database.ts';
import { products } from './products.ts';

databaseOf(products.mariadb);
