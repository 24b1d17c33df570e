"""What the process manager reads: a section for each program, with its two places where it has them."""

import os
import shlex
from collections.abc import Iterable

from .places import Places
from .topology import SLOT, SLOTS, Program

NUMBER = "%(process_num)d"

HEAD = """\
[supervisord]
pidfile={shared}/supervisord.pid
logfile={shared}/logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
childlogdir={shared}/logs
loglevel=info
umask=077
{user}
[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
SECTION = """
[program:{name}]
command={command}
process_name={process}
numprocs={slots}
directory={directory}
environment={environment}
autostart=false
autorestart={restart}
startsecs=1
startretries=3
stopsignal=TERM
stopwaitsecs={seconds}
stopasgroup={group}
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
"""


def configuration(where: Places, programs: Iterable[Program]) -> str:
    """Nothing starts by itself: somebody has to see first that what it needs is there."""
    user = "user=root\n" if os.geteuid() == 0 else ""
    head = HEAD.format(shared=escaped(where.shared), socket=escaped(where.socket), user=user)
    return head + "".join(section(where, program) for program in programs)


def section(where: Places, program: Program) -> str:
    process = program.process(SLOT) if program.has_slots else program.name
    return SECTION.format(
        name=program.name,
        command=escaped(shlex.join(program.command)),
        process=NUMBER if program.has_slots else program.name,
        slots=SLOTS if program.has_slots else 1,
        directory=escaped(program.directory),
        environment=",".join(f'{name}="{escaped(value)}"' for name, value in program.environment.items()),
        restart="unexpected" if program.has_slots else "true",
        seconds=program.stop_seconds,
        group=str(program.is_group_stopped).lower(),
        log=escaped(where.log(process)),
    )


def escaped(value: object) -> str:
    """With the number of the place filled in, and nothing else."""
    return str(value).replace("%", "%%").replace(SLOT, NUMBER)
