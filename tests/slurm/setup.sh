#!/bin/sh
# A Slurm of one node with two CPUs for the tests, without systemd and accounting. All of it lies in its folder, but for the
# link /etc/slurm/slurm.conf: the executor plugin takes SLURM_CONF away from job steps, so that it must be found without.
# Usage: setup.sh install          Debian's packages; says why they cannot be had
#        setup.sh up FOLDER        start it
#        setup.sh down FOLDER      end its jobs and daemons, remove the folder and the link
#        setup.sh purge            remove the packages
set -eu
packages="slurmctld slurmd slurm-client munge"
config=/etc/slurm/slurm.conf
unset SLURM_CONF
export PATH="$PATH:/usr/sbin:/sbin"

fail() {
    echo "setup.sh: $1" >&2
    exit 1
}

install() {
    [ "$(id -u)" = 0 ] || fail "needs root: slurmd starts jobs as their users"
    for tool in slurmctld slurmd sbatch munged; do
        command -v "$tool" >/dev/null || missing=yes
    done
    [ -n "${missing:-}" ] || return 0
    command -v apt-get >/dev/null || fail "Slurm is not here, and neither is apt-get to install $packages"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } >/dev/null 2>&1 ||
        fail "apt-get cannot install $packages"
}

configure() {
    host=$(hostname -s)
    cores=$(nproc)
    memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024 * 9 / 10))
    cat >"$1/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$1/munge.socket
CredType=cred/munge
StateSaveLocation=$1/state
SlurmdSpoolDir=$1/spool
SlurmctldPidFile=$1/slurmctld.pid
SlurmdPidFile=$1/slurmd.pid
SlurmctldLogFile=$1/slurmctld.log
SlurmdLogFile=$1/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=1,sched_interval=5
MpiDefault=none
ReturnToService=2
MinJobAge=7200
KillWait=10
NodeName=$host NodeAddr=127.0.0.1 CPUs=$((cores < 2 ? cores : 2)) RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
    echo "CgroupAutomount=no" >"$1/cgroup.conf"
}

up() {
    [ ! -e "$config" ] && [ ! -L "$config" ] || fail "there is a Slurm already: $config"
    mkdir -p "$1/state" "$1/spool"
    chmod 755 "$1"
    configure "$1"
    mkdir -p "${config%/*}"
    ln -s "$1/slurm.conf" "$config"
    head -c 1024 /dev/urandom >"$1/munge.key"
    chmod 600 "$1/munge.key"
    munged --force --socket="$1/munge.socket" --key-file="$1/munge.key" --pid-file="$1/munged.pid" \
        --log-file="$1/munged.log" --seed-file="$1/munge.seed" 2>/dev/null || fail "munged does not start: $(tail -n 1 "$1/munged.log")"
    slurmctld || fail "slurmctld does not start"
    slurmd || fail "slurmd does not start"
    tries=30
    until sinfo --noheader --format=%t 2>/dev/null | grep -q idle; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail "the node does not become idle: $(tail -n 1 "$1/slurmd.log")"
        sleep 1
    done
}

down() {
    [ "$(readlink "$config")" = "$1/slurm.conf" ] || fail "$config is not of $1"
    scancel --user=root 2>/dev/null || true
    tries=20
    while squeue --noheader 2>/dev/null | grep -q . && [ "$tries" -gt 0 ]; do
        tries=$((tries - 1))
        sleep 1
    done
    for daemon in slurmd slurmctld munged; do
        [ -f "$1/$daemon.pid" ] || continue
        pid=$(cat "$1/$daemon.pid")
        kill "$pid" 2>/dev/null || true
        tries=20
        while kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ]; do
            tries=$((tries - 1))
            sleep 0.5
        done
    done
    rm -rf "$config" "$1"
}

case "${1:-}:${2:-}" in
install:) install ;;
up:/*) up "$2" ;;
down:/*) down "$2" ;;
purge:) apt-get purge -y -qq $packages && apt-get autoremove -y -qq ;;
*) fail "usage: setup.sh install | up FOLDER | down FOLDER | purge (FOLDER from the root)" ;;
esac
