import { runProcess } from '@sigstand/job/host';
import { createCtConfig } from './job.ts';

void runProcess(createCtConfig());
