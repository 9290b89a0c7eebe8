"""Samples, as in `doit_samples`, of what a task says only during the run, and of what the command line says to it."""

from __future__ import annotations

from doit_samples import Sample

LATE = (
    Sample(
        "setup",
        """
def task_server():
    return {"actions": [(note, ["start"])], "teardown": [(note, ["stop"])]}
def task_client():
    for name in "ab":
        # doit takes what waits for one setup in any order.
        yield {"name": name, "actions": [(note, ["client", name])], "setup": ["server"], "file_dep": ["in"],
               "task_dep": ["client:a"] if name == "b" else []}
""",
        ("client", "client", "> in 2", "client:b", "list -q --all"),
        (("in", "1"),),
    ),
    Sample(
        "setup_that_fails",
        """
def task_server():
    return {"actions": ["exit 1"], "teardown": [(note, ["stop"])]}
def task_client():
    return {"actions": [(note, ["client"])], "setup": ["server"], "teardown": [(note, ["never"])]}
""",
        ("client",),
    ),
    Sample(
        "setups_of_setups",
        """
def task_c():
    return {"actions": [(note, ["c"])], "setup": ["b"], "teardown": [(note, ["c ends"])]}
def task_b():
    return {"actions": [(note, ["b"])], "setup": ["a"], "teardown": [(note, ["b ends"])], "task_dep": ["z"]}
def task_a():
    return {"actions": [(note, ["a"])], "teardown": [(note, ["a ends"])]}
def task_z():
    return {"actions": [(note, ["z"])]}
""",
        ("c", "b c"),
    ),
    Sample("unknown_setup", 'def task_a():\n    return {"actions": ["true"], "setup": ["absent"]}\n', ("",)),
    Sample(
        "setup_circle",
        """
def task_a():
    return {"actions": [(note, ["a"])], "setup": ["b"]}
def task_b():
    return {"actions": [(note, ["b"])], "setup": ["a"]}
""",
        ("a",),
    ),
    Sample(
        "teardown_after_a_failure",
        """
def task_a():
    return {"actions": [(note, ["a"])], "teardown": [(note, ["a ends"]), "exit 1"]}
def task_b():
    return {"actions": ["exit 1"], "teardown": ["echo b ends >> trace"], "task_dep": ["a"]}
""",
        ("b",),
    ),
    Sample(
        "arguments_from_a_task",
        """
def task_origin():
    return {"actions": [lambda: {"x": int(Path("in").read_text()), "y": [1, "two"]}], "file_dep": ["in"]}
def task_function():
    return {"actions": [lambda x, both: note(x, sorted(both))],
            "getargs": {"x": ("origin", "x"), "both": ("origin", None)}}
def task_command():
    return {"actions": ["echo command %(x)s >> trace"], "getargs": {"x": ("origin", "x")}}
""",
        ("function command", "function command", "> in 2", "command", "command", "function"),
        (("in", "1"),),
    ),
    Sample(
        "arguments_from_a_group",
        """
def task_part():
    for name in "ab":
        yield {"name": name, "actions": [(lambda name: {"length": len(name)}, [name * 2])]}
def task_sum():
    return {"actions": [lambda parts: note(sorted(parts.items()))], "getargs": {"parts": ("part", "length")}}
""",
        ("sum", "sum"),
    ),
    Sample(
        "argument_that_is_missing",
        """
def task_origin():
    return {"actions": [lambda: {"x": 1}]}
def task_reader():
    return {"actions": [lambda y: note(y)], "getargs": {"y": ("origin", "y")}}
""",
        ("reader",),
    ),
    Sample("argument_of_no_task", 'def task_a():\n    return {"actions": ["true"], "getargs": {"x": ("b", "x")}}\n'),
    Sample("argument_in_a_wrong_form", 'def task_a():\n    return {"actions": ["true"], "getargs": {"x": "b.x"}}\n'),
    Sample(
        "calculated_files",
        """
def needed():
    note("needed")
    return {"file_dep": Path("list").read_text().split()}
def task_needed():
    return {"actions": [needed], "file_dep": ["list"]}
def task_join():
    return {"actions": [lambda dependencies: note(*sorted(dependencies))], "calc_dep": ["needed"]}
def task_make():
    return {"actions": ["cp a b", "echo make >> trace"], "file_dep": ["a"], "targets": ["b"]}
""",
        ("join", "join", "> list a b", "join", "join", "> a 2", "join"),
        (("a", "1"), ("list", "a")),
    ),
    Sample(
        "calculated_tasks",
        """
def task_ask():
    return {"actions": [lambda: {"task_dep": ["late"], "calc_dep": ["more"], "uptodate": [False]}]}
def task_more():
    return {"actions": [lambda: {"task_dep": ["later"]}]}
def task_late():
    return {"actions": [(note, ["late"])]}
def task_later():
    return {"actions": [(note, ["later"])], "task_dep": ["late"]}
def task_last():
    return {"actions": [(note, ["last"])], "calc_dep": ["ask"]}
""",
        ("last", "last", "-c last"),
    ),
    Sample(
        "calculating_fails",
        """
def task_ask():
    return {"actions": ["exit 1"]}
def task_last():
    return {"actions": [(note, ["last"])], "calc_dep": ["ask"]}
def task_other():
    return {"actions": [(note, ["other"])]}
""",
        ("last", "-c last other"),
    ),
    Sample(
        "created_after_a_task",
        """
def task_first():
    return {"actions": ["echo 1 > one; echo 2 > two"], "targets": ["one", "two"], "uptodate": [run_once]}
@create_after(executed="first")
def task_copies():
    "copies of what there is"
    for path in sorted(Path(".").glob("[ot][nw][eo]")):
        yield {"name": path.name, "actions": [f"cp {path} {path}.copy", (note, [path])], "file_dep": [str(path)],
               "targets": [f"{path}.copy"]}
""",
        ("", "", "copies:one", "- one.copy", "copies", "list", "list --all", "forget copies", "copies:two"),
    ),
    Sample(
        "created_with_needs_among_themselves",
        """
def task_first():
    return {"actions": [(note, ["first"])]}
@create_after(executed="first")
def task_chain():
    yield {"name": "b", "actions": ["cp a b"], "file_dep": ["a"], "targets": ["b"], "setup": ["ready"]}
    yield {"name": "a", "actions": ["echo a > a"], "targets": ["a"], "uptodate": [run_once]}
def task_ready():
    return {"actions": [(note, ["ready"])]}
def task_end():
    return {"actions": [(note, ["end"])], "task_dep": ["chain"]}
""",
        ("end", "end"),
    ),
    Sample(
        "created_under_other_names",
        """
def task_first():
    return {"actions": ["echo x y > names"]}
@create_after(executed="first", creates=["x", "y"])
def task_maker():
    for name in Path("names").read_text().split():
        yield {"basename": name, "actions": [(note, [name])]}
""",
        ("x", "y", "", "list"),
    ),
    Sample(
        "created_for_a_target",
        r"""
def task_first():
    return {"actions": [(note, ["first"])]}
@create_after(executed="first", target_regex=r".*\.out")
def task_outs():
    for name in "ab":
        yield {"name": name, "actions": [f"echo {name} > {name}.out"], "targets": [f"{name}.out"]}
""",
        ("a.out", "c.out", "other", "b.out"),
    ),
    Sample(
        "created_for_any_target",
        """
def task_first():
    return {"actions": [(note, ["first"])]}
@create_after(executed="first")
def task_outs():
    yield {"name": "x", "actions": ["echo x > x.out"], "targets": ["x.out"]}
""",
        ("x.out", "--auto-delayed-regex x.out", "--auto-delayed-regex y.out"),
    ),
    Sample(
        "creating_fails",
        """
def task_first():
    return {"actions": ["exit 1"]}
@create_after(executed="first")
def task_late():
    yield {"name": "x", "actions": [(note, ["x"])]}
""",
        ("late",),
    ),
    Sample(
        "created_wrongly",
        """
def task_first():
    return {"actions": [(note, ["first"])]}
@create_after(executed="first")
def task_late():
    yield {"name": "x", "no_actions": [(note, ["x"])]}
""",
        ("late",),
    ),
)

WORDS = (
    Sample(
        "parameters",
        """
def show(**given):
    note(json.dumps(given, sort_keys=True))
PARAMS = [
    {"name": "port", "short": "p", "long": "port", "type": int, "default": 1, "help": "where"},
    {"name": "fast", "short": "f", "long": "fast", "inverse": "slow", "type": bool, "default": False},
    {"name": "many", "short": "m", "long": "many", "type": list, "default": []},
    {"name": "kind", "long": "kind", "type": str, "default": "x", "choices": (("x", "one"), ("y", "other"))},
    {"name": "user", "long": "user", "default": "nobody", "env_var": "SAMPLE_USER"},
]
def task_show():
    return {"actions": [show], "params": PARAMS}
def task_other():
    return {"actions": ["echo %(port)s %(kind)s >> trace"], "params": PARAMS}
""",
        (
            *(
                "",
                "show",
                "show -p 4",
                "show -p 4 --fast --many=a -m b --kind=y --user=me other --port 5",
                "show --slow",
            ),
            *("show -p x", "show --kind=z", "show -q", "show -p 3 nonsense", "other -f show -f", "help show"),
        ),
    ),
    Sample(
        "positional_arguments",
        """
def show(port, rest):
    note(port, rest)
def task_show():
    return {"actions": [show, "echo %(rest)s %(port)s >> trace"], "pos_arg": "rest",
            "params": [{"name": "port", "short": "p", "type": int, "default": 1}]}
def task_other():
    return {"actions": [(note, ["other"])]}
""",
        ("show -p 4 foo bar", "show foo -p 4", "other show foo other", "show", "other foo", "show other -n 4"),
    ),
    Sample(
        "parameters_of_a_creator",
        """
@task_params([{"name": "count", "short": "c", "long": "count", "type": int, "default": 1}])
def task_parts(count):
    for number in range(count):
        yield {"name": str(number), "actions": [(note, [number])]}
@task_params([{"name": "word", "long": "word", "default": "x"}])
def task_one(word):
    return {"actions": [(note, [word])]}
""",
        ("", "parts -c 3", "one --word=y parts", "parts --nonsense", "list --all"),
    ),
    Sample(
        "variables",
        """
CONFIGURED = get_var("word", "none")
def task_show():
    return {"actions": [(note, [CONFIGURED])]}
""",
        ("", "word=y", "word=z show", "show word=a=b"),
    ),
    Sample(
        "defaults",
        """
DOIT_CONFIG["default_tasks"] = ["second"]
DOIT_CONFIG["verbosity"] = 0
def task_first():
    return {"actions": [(note, ["first"])]}
def task_second():
    return {"actions": [(note, ["second"])], "verbosity": 2}
""",
        ("", "first", "-v 0", "--verbosity=1 first"),
    ),
    Sample(
        "default_that_continues",
        """
DOIT_CONFIG["continue"] = True
def task_bad():
    return {"actions": ["exit 1"]}
def task_good():
    return {"actions": [(note, ["good"])]}
""",
        ("", "--no-continue"),
    ),
    Sample(
        "minimal_version", 'DOIT_CONFIG["minversion"] = "99.1.0"\ndef task_a():\n    return {"actions": ["true"]}\n'
    ),
    Sample("no_tasks", "X = 1\n", ("", "list", "nonsense")),
    Sample("broken", "def task_a(:\n", ("", "list")),
    Sample("wrong_result", "def task_a():\n    return 7\n", ("", "list")),
    Sample(
        "same_target",
        'def task_a():\n    for n in "ab":\n        yield {"name": n, "actions": None, "targets": ["x"]}\n',
    ),
)
