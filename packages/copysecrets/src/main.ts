import { runProcess } from '@sigstand/job/host';
import { copySecrets } from './job.ts';

void runProcess(copySecrets());
