"""Write the simulated `sample.csv` of every instrument: ``python tests/make_samples.py``.

Each comes from its stored seed, so that writing again changes no byte.
"""

from __future__ import annotations

from pathlib import Path

from digilitt.define.catalogue import instrument, instruments_folder
from digilitt.define.instrument import Instrument
from digilitt.scoring.simulation import simulate
from digilitt.scoring.simulation_result import Simulation

SEEDS = {
    "digilitt-core": 20180901,
    "digilitt-mapping": 20180902,
    "digital-safety-quiz": 20180903,
    "eheals": 20180904,
    "sus": 20180905,
    "hls19-digi": 20180906,
    "hme": 20180907,
    "techph": 20180908,
    "dhli": 20180909,
    "cieb": 20180910,
    "eurostat-dsi-2": 20180911,
}
# Nine in ten have used the internet lately.
PARAMETERS = {"eurostat-dsi-2": {"IU": {"a": 0.8, "b1": -4.0, "b2": -3.3, "b3": -2.6}}}
WAVES = {"digilitt-core": ("2018", "2019")}
N_PERSONS = 60
GROUPS = {
    "municipality": {"Hörby": 0.3, "Kristianstad": 0.45, "Sölvesborg": 0.25},
    "sex": {"kvinna": 0.85, "man": 0.15},
}
# The last role is the one that leads, and scores somewhat higher.
ROLES = {"undersköterska": 0.6, "vårdbiträde": 0.25, "chef": 0.15}
ROLES_OF = {"cieb": {"lärare": 0.85, "rektor": 0.15}}
RATES = {"missing": 0.01, "not_applicable": 0.04, "wrong": 0.06}


def sample_path(instrument_id: str) -> Path:
    return instruments_folder() / instrument_id / "sample.csv"


def simulated_sample(instrument_id: str) -> Simulation:
    """The simulation behind the sample of one instrument."""
    chosen = instrument(instrument_id)
    roles = ROLES_OF.get(instrument_id, ROLES)
    return simulate(
        chosen,
        n=N_PERSONS,
        rng=SEEDS[instrument_id],
        waves=WAVES.get(instrument_id, ("2018",)),
        groups=GROUPS | {"role": roles},
        cluster_size=8,
        effects={"role": {[*roles][-1]: 0.4}},
        change=0.3,
        random_effects={"municipality": 0.2, "cluster": 0.2},
        attrition=0.25,
        attrition_effect=-0.5,
        difficulty=(-1.5, 0.3),
        parameters=PARAMETERS.get(instrument_id),
        missing_rate=_rates(chosen),
    )


def sample_bytes(instrument_id: str) -> bytes:
    """What the file holds: comma-separated UTF-8 with LF."""
    frame = simulated_sample(instrument_id).frame()
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _rates(chosen: Instrument) -> dict[str | int, float]:
    rates: dict[str | int, float] = {"blank": 0.01}
    for response_format in chosen.formats.values():
        rates |= {code.code: RATES[code.counts_as] for code in response_format.missing}
    return rates


def main() -> None:
    for instrument_id in SEEDS:
        sample_path(instrument_id).write_bytes(sample_bytes(instrument_id))


if __name__ == "__main__":
    main()
