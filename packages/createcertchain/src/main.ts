import { runProcess } from '@sigstand/job/host';
import { createCertChain } from './job.ts';

void runProcess(createCertChain());
