import './older-node.ts';
import { runAsProcess } from '@sigstand/job/host';
import { sigstand } from './cli.ts';

void runAsProcess(sigstand);
