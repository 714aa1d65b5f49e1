#!/bin/bash
# Written by moebench submit: 4 cells, 12 repetitions.
#SBATCH --job-name=moebench-quickstart
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=1
#SBATCH --time=01:30:00
#SBATCH --partition=short
#SBATCH --account=me
#SBATCH '--output=/data/my results/50%%/slurm-%A_%a.out'
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --array=0-2,5
#SBATCH --mem=0
#SBATCH --constraint="a&b"

exec /opt/moebench/bin/moebench run '/home/me/it'\''s.yaml' --out '/data/my results/50%' --launcher slurm --group "$SLURM_ARRAY_TASK_ID/7"
