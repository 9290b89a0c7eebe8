"""Tokens that their service makes recognisable: patterns, and words that lead to them.

Patterns are those of the services' own documents and of secret scanners (GitHub, GitLab, gitleaks, trufflehog).
"""

from __future__ import annotations

import re

from reports.logs.private.rule import TOKEN, Rule, replacing

_KINDS = (
    r"gh[pousr]_[A-Za-z0-9_]{20,}|github_pat_\w{20,}",  # GitHub
    r"gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|oas|ffct|wt)-[\w.-]{15,}|GR1348941[\w-]{15,}",  # GitLab
    r"(?:xox[abcdeoprs]|xoxe\.xox[bp]|xapp)-[\w.-]{10,}",  # Slack
    # AWS: long-lived (AKIA) and temporary (ASIA) ids, and the head that all session tokens share.
    r"A(?:KIA|SIA|BIA|CCA|ROA|IDA)[A-Z0-9]{16,}",
    r"(?:F[wQ]oGZXIvYXdz|IQoJb3JpZ2lu)[\w+/=%-]{20,}",
    r"AIza[\w-]{30,}|ya29\.[\w.-]{20,}|1//0[\w-]{30,}|GOCSPX-[\w-]{20,}",  # Google
    r"[\w~.-]{3}8Q~[\w~.-]{30,}",  # a client secret of Azure
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-A[\w-]{30,}",
    r"rubygems_[0-9a-f]{40,}",
    r"dckr_(?:pat|oat)_[\w-]{20,}",  # Docker
    r"AKCp[A-Za-z0-9]{20,}|cmVmd[A-Za-z0-9]{40,}",  # Artifactory
    r"(?:hf|api_org)_[A-Za-z0-9]{20,}",  # Hugging Face
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,}",  # Stripe
    r"sk-[\w-]{20,}",  # OpenAI, Anthropic, OpenRouter
    r"(?:gsk_|xai-|pplx-|r8_)[A-Za-z0-9]{30,}",  # Groq, xAI, Perplexity, Replicate
    r"SG\.[\w-]{16,}\.[\w-]{16,}",  # SendGrid
    r"key-[0-9a-f]{32}(?![0-9a-f])",  # Mailgun
    r"hv[sb]\.[\w-]{20,}",  # Vault
    r"do[opr]_v1_[0-9a-f]{40,}",  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{30,}",  # Shopify
    r"gl(?:sa|c)_[\w=/+-]{30,}",  # Grafana
    r"sq0(?:atp|csp)-[\w-]{20,}",  # Square
    r"fig[du]_[\w-]{30,}",  # Figma
    r"pul-[0-9a-f]{40}",  # Pulumi
    r"AT[AC]TT3[\w=-]{30,}|ATBB[A-Za-z0-9]{28,}",  # Atlassian
    r"CCIPAT_\w{20,}|bkua_[0-9a-f]{30,}",  # CircleCI, Buildkite
    r"AGE-SECRET-KEY-1[A-Z0-9]{50,}",
    r"(?:lin_api|nfp|ntn)_[A-Za-z0-9]{30,}",  # Linear, Netlify, Notion
)
# Behind a letter or a digit no token begins.
_TOKEN = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_KINDS)})")
_WORDS = ("ogzxivyxdz", "iqojb3jpz2lu", "ya29.", "1//0", "8q~", "cmvmd", "sk-", "key", "sq0", "eyj", "age-secret")
_MOST_PASSES = 8
# Most tokens have a long run behind an underscore; others are found by their first letter, which takes no longer than
# one word.
_LOOKS = (
    re.compile(r"_[A-Za-z0-9]{10}[A-Za-z0-9_-]{10}"),
    re.compile(r"A(?:(?:KI|SI|BI|CC|RO|ID)A[A-Z0-9]{12}|Iza|KCp|T[AC]TT3|TBB)"),
    re.compile(r"G(?:R1348941|OCSPX-)"),
    re.compile(r"SG\."),
    re.compile(r"gl[a-z]{2,5}-"),
    re.compile(r"hv[sb]\."),
    re.compile(r"p(?:ypi-A|plx-|ul-)"),
    re.compile(r"x(?:ox[a-z]|app|ai)-"),
)
# Also not behind a character that it may hold: from each of many beginnings the run would be followed to its end.
_JWT = r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*){0,3}"
_HOOK = re.compile(
    r"(?P<lead>hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/|"
    r"office(?:365)?\.com/webhook[\w]{0,3}/)[\w/@.-]+"
)


def _without_tokens(line: str) -> str:
    """Hide tokens, also one that began directly behind another: what is hidden ends with no letter."""
    for _ in range(_MOST_PASSES):
        line, count = _TOKEN.subn(TOKEN, line)
        if not count:
            break
    return line


RULES: tuple[Rule, ...] = (
    Rule(_without_tokens, _WORDS, _LOOKS),
    replacing(_JWT, TOKEN, "eyj"),
    replacing(_HOOK, lambda found: found["lead"] + TOKEN, "hook"),
)
