import { runProcess } from '@sigstand/job/host';
import { createSecret } from './job.ts';

void runProcess(createSecret());
