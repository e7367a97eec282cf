import { runProcess } from '@sigstand/job/host';
import { createTree } from './job.ts';

void runProcess(createTree());
