#!/usr/bin/env bash
# A worker for tests that trains nothing: --cell FILE --out FOLDER, or --probe RANKS --threads N
# --out FOLDER. The modes are those of FakeWorker::set_mode in fake_worker.h; its files lie beside
# the script.
here=$(dirname "$0")
rank=${OMPI_COMM_WORLD_RANK:-0}
world=${OMPI_COMM_WORLD_SIZE:-1}
kind=ok
cell=$2
out=$4
if [[ $1 == --probe ]]; then
  kind=probe
  cell=$here/mode
  out=$6
fi

say() { ((rank > 0)) || echo "progress: phase=$1 step=$2 of=2 tokens_per_second=50"; }
leave() { cp "$here/$1_${rank}_of_$world.json" "$out/rank_$rank.json"; }

mode=ok
if ((rank == world - 1)) && grep -q -- "$(<"$here/only_for")" "$cell"; then
  mode=$(<"$here/mode")
fi
nap=$(<"$here/naptime")

[[ $mode != mute ]] || kill -STOP $$
[[ $mode != broken ]] || exit 7
say steps 1
case $mode in
  ok) leave "$kind" ;;
  crash)
    echo "the worker gives up" >&2
    exit 7
    ;;
  lost) exit 127 ;;
  silent) ;;
  partial) leave partial ;;
  moved)
    [[ ${out##*/} == 1 ]] && kind=moved
    leave "$kind"
    ;;
  garbage) echo "{" >"$out/rank_$rank.json" ;;
  memory)
    leave memory
    exit 1
    ;;
  kill) kill -9 $$ ;;
  stop) kill -STOP $$ ;;
  hang)
    setsid sleep "$nap" &
    sleep "$nap"
    ;;
esac
say memory 0
