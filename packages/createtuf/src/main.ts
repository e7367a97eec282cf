import { runProcess } from '@sigstand/job/host';
import { createTuf } from './job.ts';

void runProcess(createTuf());
