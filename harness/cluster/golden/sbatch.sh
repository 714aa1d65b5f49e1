#!/bin/bash
# Written by moebench submit: 4 cells, 12 repetitions.
#SBATCH --job-name=moebench-quickstart
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-node=4
#SBATCH --time=01:30:00
#SBATCH '--output=/data/my results/50%%/slurm-%j.out'
#SBATCH --open-mode=append
#SBATCH --requeue

exec /opt/moebench/bin/moebench run '/home/me/it'\''s.yaml' --out '/data/my results/50%' --launcher slurm
