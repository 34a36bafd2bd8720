#!/usr/bin/env bash
# slurm.sh start | stop: a real Slurm of one node on this machine (slurm-wlm and munge of Debian), as root. About 30 s.
set -u
case ${1:-start} in
stop) for p in slurmctld slurmd munge/munged; do [ -f /run/$p.pid ] && kill "$(cat /run/$p.pid)"; done; exit 0 ;;
esac
command -v slurmctld >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends slurm-wlm munge; } >/dev/null 2>&1
h=$(hostname -s); mkdir -p /etc/slurm /run/munge /var/spool/slurmctld /var/spool/slurmd
[ -f /etc/munge/munge.key ] || { head -c 1024 /dev/urandom >/etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
chown munge: /run/munge /etc/munge /etc/munge/munge.key /var/log/munge /var/lib/munge
su -s /bin/bash munge -c "munge -n >/dev/null 2>&1 || /usr/sbin/munged"
cat >/etc/slurm/slurm.conf <<EOF
ClusterName=one
SlurmctldHost=$h(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
KillWait=5
NodeName=$h NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=4000 State=UNKNOWN
PartitionName=debug Nodes=$h Default=YES MaxTime=INFINITE State=UP
EOF
[ -f /run/slurmctld.pid ] && kill -0 "$(cat /run/slurmctld.pid)" 2>/dev/null || slurmctld
[ -f /run/slurmd.pid ] && kill -0 "$(cat /run/slurmd.pid)" 2>/dev/null || slurmd
for _ in $(seq 30); do sinfo -h -o %T 2>/dev/null | grep -qE "idle|mixed|alloc" && exit 0; sleep 1; done
sinfo; exit 1
