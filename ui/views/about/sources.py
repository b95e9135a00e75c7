"""Papers, how to cite, and the licence."""

import html
from pathlib import Path

import yaml

PAPERS = (
    ("Finn, Abbeel, Levine 2017", "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks", "1703.03400", "MAML"),
    ("Antoniou, Edwards, Storkey 2019", "How to Train Your MAML", "1810.09502", "MAML++: a loss after every inner step"),
    ("Rothfuss et al. 2019", "ProMP: Proximal Meta-Policy Search", "1810.06784", "gradients of gradients of policies"),
    ("Schulman et al. 2016", "High-Dimensional Continuous Control Using Generalized Advantage Estimation", "1506.02438", "GAE"),
    ("Schulman et al. 2017", "Proximal Policy Optimization Algorithms", "1707.06347", "PPO: the clipped objective"),
    ("Gu, Goel, Ré 2022", "Efficiently Modeling Long Sequences with Structured State Spaces", "2111.00396", "S4"),
    ("Smith, Warrington, Linderman 2023", "Simplified State Space Layers for Sequence Modeling", "2208.04933", "S5"),
    ("Orvieto et al. 2023", "Resurrecting Recurrent Neural Networks for Long Sequences", "2303.06349", "LRU: how A and B begin"),
    ("Sutton 1991", "Dyna, an Integrated Architecture for Learning, Planning, and Reacting", "", "learning in a learnt model"),
    ("Barto, Sutton, Anderson 1983", "Neuronlike Adaptive Elements That Can Solve Difficult Learning Control Problems", "", "CartPole"),
)

CITATION = Path(__file__).resolve().parents[3] / "CITATION.cff"


def bibtex() -> str:
    """CITATION.cff as BibTeX."""
    cite = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    authors = " and ".join(a.get("name") or f"{a['family-names']}, {a['given-names']}" for a in cite["authors"])
    rows = {"title": cite["title"], "author": f"{{{authors}}}", "year": str(cite["date-released"])[:4], "license": cite["license"]}
    fields = ",\n".join(f"  {name} = {{{value}}}" for name, value in rows.items())
    return f"@software{{ssm_metarl_playground,\n{fields}\n}}"


def papers() -> str:
    """The papers, linked where they are on arXiv."""

    def item(authors: str, title: str, arxiv: str, what: str) -> str:
        name = f'<a href="https://arxiv.org/abs/{arxiv}" target="_blank" rel="noopener">{title}</a>' if arxiv else title
        return f"<li>{authors}: {name} ({what})</li>"

    return f"<h2>Papers</h2><ul>{''.join(item(*paper) for paper in PAPERS)}</ul>"


def citation() -> str:
    """BibTeX with a button that copies it, and the licence."""
    shown = html.escape(bibtex()).replace("{", "&#123;")  # a brace of its own would begin an expression of Gradio's template
    return (
        f'<h2>Citation and licence</h2><pre id="about-bibtex" tabindex="0" aria-label="BibTeX">{shown}</pre>'
        '<p><button type="button" class="copy" data-copies="about-bibtex">Copy BibTeX</button>'
        ' <span class="quiet" role="status"></span></p>'
        "<p>MIT licence: code and weights may be used, changed and passed on, with the notice kept.</p>"
    )
