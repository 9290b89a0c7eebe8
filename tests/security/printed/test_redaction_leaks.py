"""What people leak into logs is not stored or shown, and what explains a failure is.

Every value is made up: secrets of the services' own documents, addresses of RFC 5737, 3849 and 7042.
"""

from __future__ import annotations

import base64

import pytest

from reports.logs.redaction import Redactor, redact, redact_line

RUN = "0123456789abcdefABCDEF0123456789abcdefABCDEF"  # no service's prefix
BASIC = base64.b64encode(b"mmuster:geheim").decode()

#: A line, and what must not be left of it.
LEAKS = [
    # cloud keys
    ("aws: ASIAIOSFODNN7EXAMPLE and AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    ("aws_session_token = FwoGZXIvYXdzEBYaDK" + RUN + "==", "EBYaDK"),
    ("token IQoJb3JpZ2luX2VjEJr" + RUN + " expired", "X2VjEJr"),
    ('"SessionToken": "AQoDYXdzEJr' + RUN * 30 + '"', "ABCDEF"),
    ("AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "bPxRfiCY"),
    ("using AIzaSyD" + RUN[:32] + " of Google", "SyD0123"),
    ("oauth ya29.a0AfH6SM" + RUN, "AfH6SM"),
    (
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50==;Suffix=y",
        "Eby8vdM",
    ),
    (
        "https://x.blob.core.windows.net/c/f?sv=2020-08-04&se=2021&sp=r&sig=Z%2FRHIX5Xcg0Mq2rqI3OlWTjEg2tYkboXr1P9ZUXDtkk%3D",
        "RHIX5Xcg",
    ),
    ("client secret abc8Q~" + RUN[:34], "abc8Q~01"),
    # tokens of registries and services
    *(
        (f"pushing with {token} failed", token[-16:])
        for token in (
            "ghp_" + RUN[:36],
            "gho_" + RUN[:36],
            "ghs_" + RUN[:36],
            "github_pat_11AAAAAAA0" + "_" + RUN,
            "glpat-" + RUN[:20],
            "gldt-" + RUN[:20],
            "glrt-" + RUN[:20],
            "npm_" + RUN[:36],
            "pypi-AgEIcHlwaS5vcmc" + RUN,
            "xoxb-1234567890-" + RUN[:24],
            "xapp-1-A012-" + RUN,
            "dckr_pat_" + RUN[:27],
            "hf_" + RUN[:34],
            "sk_live_" + RUN[:24],
            "rk_test_" + RUN[:24],
            "whsec_" + RUN[:32],
            "sk-" + RUN,
            "sk-proj-" + RUN,
            "sk-ant-api03-" + RUN,
            "gsk_" + RUN,
            "SG." + RUN[:22] + "." + RUN[:43],
            "hvs." + RUN,
            "dop_v1_" + "0123456789abcdef" * 4,
            "shpat_" + "0123456789abcdef" * 2,
            "glsa_" + RUN,
            "ATATT3x" + RUN,
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + RUN,
        )
    ),
    ("posting to https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXX", "XXXXXXXX"),
    # Basic auth, curl
    (f"> Authorization: Basic {BASIC}", BASIC),
    (f"curl -H 'Authorization: Basic {BASIC}' https://x.example.org/y", BASIC),
    (f"sent Basic {BASIC}", BASIC),
    ("Proxy-Authorization: Digest username=mmuster, response=6629fae4", "6629fae4"),
    ("X-Api-Key: 4711-0815", "4711-0815"),
    ("Cookie: session=4711; user=mmuster", "4711"),
    ("curl -u mmuster:geheim https://x.example.org", "geheim"),
    ("curl -sSfu 'mmuster:ge heim' https://x.example.org", "heim"),
    ("curl --user mmuster:geheim -T f ftp://x", "geheim"),
    ("curl -ummuster:geheim https://x", "geheim"),
    ("wget --http-user=mmuster --http-password=geheim https://x", "geheim"),
    ("docker login -u mmuster -p geheim registry.example.org", "geheim"),
    ("sshpass -p geheim ssh x", "geheim"),
    ("mysql -h db -pgeheim", "geheim"),
    ("openssl rsa -passin pass:geheim -in k", "geheim"),
    ("machine x.example.org login mmuster password abc", "abc"),
    ("https://mmuster:ge@heim@git.example.org/x.git", "heim"),
    # passwords with blanks, and in differently named variables
    ('password = "correct horse battery"', "horse"),
    ("password: correct horse battery", "battery"),
    ("PASSWORD=correct horse battery", "battery"),
    ("--password='correct horse battery'", "horse"),
    (r"password=correct\ horse", "horse"),
    ('docker run -e "DB_PASSWORD=correct horse battery" x', "horse"),
    ('{"db_password": "correct horse battery", "port": 1}', "horse"),
    (r'"{\"password\": \"correct horse\"}"', "horse"),
    ("password=ab", "ab"),
    *(
        (f"{name}=geheim1", "geheim1")
        for name in (
            "DB_PASS",
            "MYSQL_PWD",
            "DBPASS",
            "GH_PAT",
            "SENTRY_DSN",
            "ENCRYPTION_KEY",
            "AZURE_SAS",
            "KENNWORT",
            "APP_CREDS",
            "SMTP_PW",
            "OTP",
            "CONNECTION_STRING",
        )
    ),
    *((f"{before}DB_PASS=geheim1", "geheim1") for before in ("+ ", "export ", "declare -x ", "  set ", "ENV ")),
    ("setenv DB_PASSWORD geheim1", "geheim1"),
    ("Server=db;Uid=sa;Pwd=geheim1;", "geheim1"),
    ("spring.datasource.password: geheim1", "geheim1"),
    ("the password is 'geheim'", "geheim"),
    # signed URLs
    ("https://b.s3.amazonaws.com/k?X-Amz-Credential=AKID%2F2020&X-Amz-Signature=fe5f80f7", "fe5f80f7"),
    ("https://b.s3.amazonaws.com/k?AWSAccessKeyId=AK&Signature=vjbyPxybdZaNmGa&Expires=1", "vjbyPxy"),
    ("https://storage.googleapis.com/b/o?X-Goog-Signature=247a2aa4&X-Goog-Expires=1", "247a2aa4"),
    ("https://d.cloudfront.net/x?Policy=eyAiU3&Key-Pair-Id=APKA&Signature=abc", "eyAiU3"),
    ("GET /cb?code=4711&state=x HTTP/1.1", "4711"),
    # addresses
    ("connected to 2001:db8::1 and [2001:db8::7]:3121", "db8"),
    ("fe80::1%eth0 is up, fd12:3456::9/64 too", "3456"),
    ("link/ether 00:00:5e:00:53:af brd ff:ff:ff:ff:ff:ff", "53:af"),
    ("physical address 00-00-5E-00-53-AF, 0000.5e00.53af", "53"),
    # licences
    ("HOSTID=00005e0053af", "5e0053af"),
    ('The FlexNet host ID of this machine is "00005e0053af 00005e0053b0"', "53b0"),
    ("SERVER lic1 00005e0053af 2100", "lic1"),
    ('INCREMENT Synthesis xilinxd 2037.05 permanent 1 SIGN="08A1 9B3C 11FF"', "9B3C"),
    ("2100@lic1:2101@lic2,lic3 does not answer", "lic3"),
    ("trying 27000@[2001:db8::7]", "db8"),
    ("license checkout failed at lic1.example.org:27000 (-15)", "lic1"),
    ("lic1: license server UP (MASTER) v11.17", "lic1"),
    ("    mmuster rechner17 /dev/pts/3 (v2020.1) (lic1/2100 101), start Mon", "rechner17"),
    ('10:01:02 (xilinxd) OUT: "Synthesis" mmuster@rechner17', "rechner17"),
    ("Server name: lic1", "lic1"),
    # paths
    (r"cannot open \\nas17\proj\top.v", "nas17"),
    ("cannot open //nas17/proj/top.v", "nas17"),
    ("mount nas17:/export/proj: stale handle", "nas17"),
    ("rsync mmuster@nas17:/export/x", "mmuster"),
    *(
        (f"opened {folder}prj/top.v:25", "mmuster")
        for folder in (
            "/home/mmuster/",
            "/export/home/mmuster/",
            "/nfs/home3/mmuster/",
            "/Users/mmuster/",
            "/mnt/c/Users/mmuster/",
            "/cygdrive/c/Users/mmuster/",
            "/u/mmuster/",
            "/afs/site.org/user/m/mmuster/",
            "/people/mmuster/",
            "~mmuster/",
            "/data/mmuster/.Xilinx/",
            "file:///home/mmuster/",
            "C:/Users/mmuster/",
            "/scratch2/mmuster/",
            "nas:/home/mmuster/",
        )
    ),
    (r"C:\Users\Max Muster\prj\top.v", "Muster"),
    (r"C:\Documents and Settings\Max Muster\top.v", "Muster"),
    ("redis-cli -h db -a geheim ping", "geheim"),
    ("<server><id>x</id><password>ge heim</password></server>", "heim"),
    ("mounting smb://nas17/proj and nfs://nas17.example.org/x", "nas17"),
]


@pytest.mark.parametrize(("line", "secret"), LEAKS, ids=[str(at) for at in range(len(LEAKS))])
def test_a_leak(line: str, secret: str) -> None:
    assert secret in line
    for text in (line, f"INFO: {line}", f"{line}\n"):
        clean = redact(text)
        assert secret not in clean
        assert redact(clean) == clean
        assert clean.count("\n") == text.count("\n")
    assert secret not in redact_line(line)


@pytest.mark.parametrize(("line", "secret"), LEAKS[::5], ids=[str(at) for at in range(len(LEAKS[::5]))])
def test_coloured_and_in_utf_16(line: str, secret: str) -> None:
    middle = line.index(secret) + len(secret) // 2
    assert secret[-3:] not in redact(f"\x1b[1mab\x1b[0m\n{line[:middle]}\x1b[01;31m\x1b[K{line[middle:]}\x1b[m")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        raw = f"first line\n{line}\nlast line\n".encode(encoding)
        text = raw.decode("utf-8", "surrogateescape")  # as the engine reads a log
        clean = redact(text).encode("utf-8", "surrogateescape").decode(encoding)
        assert secret not in clean
        assert clean.startswith("first line\n") and clean.endswith("\nlast line\n")
        assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "line",
    [
        "a::b and std::vector<int>::iterator, Foo::Bar::baz, abc::def, 1::2, dead::beef::f",
        "ERROR: [Synth 8-439] module 'fifo' not found [rtl/top.v:25]",
        "Elapsed: 00:12:34, at 12:34:56:78, ratio 10:20, slice [31:0], 8'hFF, 1:2:3:4:5",
        "Vivado v2022.1.2 (64-bit), Flex 11.17.2.0, 2020-11-29-18-53-28",
        "The password is required; token handling, syntax error near token",
        "Basic settings of the key exchange; secret is not set",
        "sent Basic \u0130XILINXD, \u212aXILINX and \u017fXILINX",  # equal to i, k and s where case is ignored
        "PWD=/opt/prj",
        "OLDPWD=/opt",
        "LD_LIBRARY_PATH=/opt/lib:/usr/lib",
        "PATH:/usr/bin:/bin",
        "MONKEY=1",
        "COMPASS=2",
        "if (pass == 3) $display(x); assign y = ~rst / 2;",
        "tests: pass=12 fail=0",
        "ERROR: cannot open file:/opt/x or C:/Xilinx/Vivado or s3:/x",
        "comment // see above, url http://www.xilinx.com/support, x = a // b",
        "u0/user_logic/inst and level0_i/ulp/home/x and /opt/people and /proj/user/top.v",
        "docker run -u 1000:1000 x; tar -u f; sort -u a:b",
        "top.v:2100: license.tcl:2700: see line 12",
        "sk-learn, hf_model, ghp, AKIA, npm_config, pypi-attestations-0.0.9, key-value",
        "host id of the design",
        "<token>x <key>y</key> <passes>3</passes> <tokens>4</tokens>",
        "[https://support.xilinx.com/s/article/12?language=en_US&tabset=x]",
        "g++ -std=c++14 -DTOKEN_WIDTH=32 -DKEY=3 -o top top.cpp",
    ],
)
def test_what_is_not_private_stays(line: str) -> None:
    assert redact(line) == line


KEY = [
    "-----BEGIN RSA PRIVATE KEY-----",
    *["MIIEowIBAAKCAQEA" + "b" * 48] * 3,
    "Zm9vYmFyYmF6cXV4",
    "-----END RSA PRIVATE KEY-----",
]
ERROR = "ERROR: [Synth 8-439] module 'fifo' not found [rtl/top.v:25]"


@pytest.mark.parametrize(
    "block",
    [
        KEY,
        ["    " + line for line in KEY],
        ["12:00:01 web | " + line for line in KEY],
        ["> " + line for line in KEY],
        [f'"{line}\\n"' for line in KEY],
        [line + "\r" for line in KEY],
        ["\x1b[31m" + line + "\x1b[0m" for line in KEY],
        ['key = "' + "\\n".join(KEY) + '"'],
        [KEY[0], "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00", "", *KEY[1:]],
        KEY[:-1],  # cut off
        KEY[:3],
        ["-----BEGIN OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1rZXktdjEA", "-----END OPENSSH PRIVATE KEY-----"],
        ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "", *KEY[1:-1], "=njUN", "-----END PGP PRIVATE KEY BLOCK-----"],
        [*KEY, *KEY],
    ],
    ids=range(14),
)
def test_a_private_key_hides_itself_and_no_error(block: list[str]) -> None:
    text = "\n".join(["before", *block, ERROR, "after"])
    clean = redact(text)
    for secret in ("MIIE", "bbbb", "Zm9v", "b3Bl", "njUN"):
        assert secret not in clean
    assert "<redacted private key>" in clean
    assert clean.split("\n")[0] == "before" and clean.split("\n")[-2:] == [ERROR, "after"]
    assert redact(clean) == clean


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_pieces_give_what_the_whole_gives(size: int) -> None:
    text = "\n".join(
        [
            "USER=hannelore",
            *(line for line, _ in LEAKS),
            *KEY,
            ERROR,
            "hannelore",
            "\x1b[1mx\x1b[0m",
            *KEY[:3],
            ERROR,
            "",
        ]
    )
    lines = text.splitlines(keepends=True)
    pieces = ["".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    redactor = Redactor()
    for piece in pieces:
        redactor.learn(piece)
    assert "".join(map(redactor.clean, pieces)) == redact(text)


def test_many_names_are_hidden_too() -> None:
    names = [f"user{number:04}" for number in range(500)] + ["max.muster", "under_score"]
    text = "".join(f"/home/{name}/x\n" for name in names) + "".join(f"({name}), x{name}\n" for name in names)
    clean = redact(text)
    assert [name for name in names if f"({name})" in clean] == []
    assert "xuser0001" in clean, "only whole words"


def test_a_byte_order_mark_of_utf_8() -> None:
    assert redact("\ufeffplain\n") == "\ufeffplain\n"
