import { runProcess } from '@sigstand/job/host';
import { createCerts } from './job.ts';

void runProcess(createCerts());
