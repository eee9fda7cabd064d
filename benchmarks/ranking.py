"""Rankings of models and of maps: what comes first, the time for each model, and what the filter of a library keeps.

``python benchmarks/ranking.py complexes`` ranks the chains of the two complexes in ``fits`` of the data folder and 30
decoys in the map of each complex: mirror images of all chains, other structures and their mirror images, and fragments.
All start from random poses, or, with ``--own``, from those of their files: then the chains start at their places. The
last table gives how many of the decoys have a probability below a limit.

``python benchmarks/ranking.py speed`` ranks fragments of 100 to 500 residues in the map of GroEL, 100^3 voxels, at 8 A,
with one process and with two.

``python benchmarks/ranking.py library`` compares the signatures of the maps in the data folder and of copies with other
poses, voxels, boxes and hands, and noise, whose variance is a multiple of that of the map; and times a query against an
index of 10,000 maps.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

import botalign
from accuracy import markdown
from botalign.alignment.survey import CLEAR, survey
from botalign.ranking.index import MapIndex
from botalign.ranking.items import file_state
from botalign.ranking.library import SAME_SHAPE, similarities
from botalign.ranking.signature import Described, Signature, signature
from maps import data_folder
from report import machine

COMPLEXES = {"1tyq": (10.0, "ABCDEFG"), "3sfd": (15.0, "ABCD")}
#: Fragments: the structure, whether it is mirrored, and into how many it is cut.
FRAGMENTS = (("1oel_A", False, 3), ("1ake_A", False, 2), ("1oel_A", True, 3), ("1tyq.A", True, 2), ("3sfd.A", True, 3))
#: Maps of the data folder, without crystals, whose molecule fills the box; those of one set show one molecule.
MAPS = (
    "maps/emd_1883.map",
    "maps/emd_1439.map",
    "maps/clean70S_65.mrc",
    "maps/emd_1080_groel_11.5A.mrc",
    "maps/emd_0093_masked_220.mrc.gz",
    "maps/EMD-3197.map",
    "maps/hand_phantom_64.mrc",
    "maps/atp_synthase_shaft_6A.mrc",
    "fits/1tyq/1tyq_10.mrc",
    "fits/3sfd/3sfd_15.mrc",
    *(f"sets/hetchallenge_32/{number}.mrc" for number in range(1, 5)),
    *(f"pairs/emd_3342_emd_3340/emd_{name}_sampled5A.mrc" for name in (3342, 3340)),
    *(f"pairs/emd_6206_emd_6208/emd_{name}_sampled5A.mrc" for name in (6206, 6208)),
)
RATIOS = (1.0, 1 / 4, 1 / 16)
INDEXED = 10_000


def table(header: tuple[str, ...], rows: list[list[object]]) -> str:
    """Return a table in Markdown."""
    return markdown([dict(zip(header, row, strict=True)) for row in rows])


def model(points: np.ndarray, weights: np.ndarray, name: str) -> botalign.Model:
    """Return a model in memory."""
    return botalign.Model(points, weights, (), name)


def chains() -> dict[str, botalign.Model]:
    """Return the chains of the complexes."""
    folder = data_folder() / "fits"
    names = [(name, f"{name}.{chain}") for name, (_, letters) in COMPLEXES.items() for chain in letters]
    return {name: botalign.read_model(folder / complex_ / f"{name}.pdb") for complex_, name in names}


def structures() -> dict[str, botalign.Model]:
    """Return single chains of other structures."""
    folder = data_folder() / "structures"
    return {
        "1oel_A": botalign.read_model(folder / "1oel_A.pdb"),
        "1ake_A": botalign.read_model(folder / "1ake_A.pdb"),
        "4ake_A": botalign.read_model(folder / "4ake.cif", chains="A"),
    }


def mirrored(given: botalign.Model) -> botalign.Model:
    """Return the mirror image of a model."""
    return model(given.points * [-1, 1, 1], given.weights, f"{Path(given.name).stem}, mirrored")


def decoys() -> dict[str, botalign.Model]:
    """Return 30 decoys: models that neither map contains."""
    right, others = chains(), structures()
    found = {f"{name}, mirrored": mirrored(each) for name, each in {**right, **others}.items()} | others
    for name, mirror, count in FRAGMENTS:
        source = (right | others)[name]
        source = mirrored(source) if mirror else source
        for number, kept in enumerate(np.array_split(np.arange(len(source.points)), count), start=1):
            label = f"{name}{', mirrored' if mirror else ''}, {number} of {count}"
            found[label] = model(source.points[kept], source.weights[kept], label)
    return found


def in_random_pose(given: botalign.Model, name: str, rng: np.random.Generator) -> botalign.Model:
    """Return a model in a random pose, with another name."""
    linear = Rotation.random(random_state=rng).as_matrix()
    shift = rng.uniform(-50, 50, 3) - linear @ given.points.mean(axis=0)
    return replace(given.moved(np.column_stack([linear, shift])), name=name)


def processor_seconds() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def timed(
    fixed: botalign.DensityMap, models: list[botalign.Model], **options: object
) -> tuple[botalign.Ranking, float, float]:
    """Rank models; return the ranking, processor seconds and seconds."""
    began, used = time.perf_counter(), processor_seconds()
    ranking = botalign.rank(fixed, models, **options)
    return ranking, processor_seconds() - used, time.perf_counter() - began


def complexes(seed: int, *, own: bool) -> None:
    """Rank chains and decoys in the maps of both complexes."""
    rows, of_decoys = [], []
    for name, (resolution, letters) in COMPLEXES.items():
        rng = np.random.default_rng(seed)
        given = {**chains(), **decoys()}
        models = [replace(each, name=label) for label, each in given.items()]
        if not own:
            models = [in_random_pose(each, label, rng) for label, each in given.items()]
        fixed = botalign.read(data_folder() / "fits" / name / f"{name}_{resolution:g}.mrc")
        ranking, used, _ = timed(fixed, models, resolution=resolution, threads=1)
        belongs = [each.name.startswith(f"{name}.") and "mirrored" not in each.name for each in ranking.entries]
        right = [each for each, belong in zip(ranking.entries, belongs, strict=True) if belong]
        wrong = [each for each, belong in zip(ranking.entries, belongs, strict=True) if not belong]
        of_decoys += [each.probability for each in wrong]
        for each in ranking.entries[: len(letters) + 3]:
            print(f"{name}  {each.name:24} {each.verdict:10} {each.probability:.1e} {each.score:.3f}", flush=True)
        rows.append(
            [
                name, len(models), f"{sum(belongs[: len(letters)])} of {len(letters)}",
                f"{max(each.probability for each in right):.1e}",
                f"{max(each.corrected_probability for each in right):.1e}",
                sum(each.verdict == "certain" for each in right),
                f"{min(each.probability for each in wrong):.2g}",
                f"{min(each.corrected_probability for each in wrong):.2g}",
                f"{min(each.score for each in right):.2f}", f"{max(each.score for each in wrong):.2f}",
                f"{used / len(models):.1f}",
            ]
        )  # fmt: skip
    header = (
        "map", "models", "chains that come first", "their largest probability", "largest corrected", "of these certain",
        "least probability of the others", "least corrected", "least score of the chains", "largest of the others",
        "processor seconds per model",
    )  # fmt: skip
    print(table(header, rows))
    limits = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001)
    counts = [sum(each < limit for each in of_decoys) for limit in limits]
    print(table((f"of {len(of_decoys)} decoys below", *map(str, limits)), [["", *counts]]))


def fragments(count: int) -> list[botalign.Model]:
    """Return consecutive residues, 100 to 500 of them, of the chains."""
    found = []
    for number, residues in enumerate(np.linspace(100, 500, count).round().astype(int)):
        sources = [each for each in {**chains(), **structures()}.values() if residues_of(each) >= residues]
        source = sources[number % len(sources)]
        atoms = round(residues / residues_of(source) * len(source.points))
        found.append(model(source.points[:atoms], source.weights[:atoms], f"{residues} residues"))
    return found


def residues_of(given: botalign.Model) -> int:
    """Return the number of CA atoms."""
    lines = given.source.text.splitlines()
    if given.source.format == "PDB":
        return sum(line.startswith("ATOM") and line[12:16] == " CA " for line in lines)
    return round(len(given.points) / 7.8)


def speed(count: int) -> None:
    """Measure the time for each model with one process and with two."""
    fixed = botalign.read(data_folder() / "maps" / "emd_1080_groel_11.5A.mrc")
    models = fragments(count)
    botalign.rank(fixed, models[:1], resolution=8.0, threads=1)  # compiles
    rows = []
    for given in models[:: max(1, count // 6)]:
        _, used, _ = timed(fixed, [given], resolution=8.0, threads=1)
        rows.append([given.name, len(given.points), f"{used:.1f}"])
    print(table(("model", "atoms", "processor seconds"), rows), flush=True)
    rows = []
    for processes in (1, 2):
        _, used, seconds = timed(fixed, models, resolution=8.0, processes=processes)
        rows.append(
            [processes, count, f"{used / count:.1f}", f"{seconds / count:.1f}", f"{1000 * seconds / count / 60:.0f}"]
        )
    header = ("processes", "models", "processor seconds per model", "seconds per model", "minutes for 1,000 models")
    print(f"load {os.getloadavg()[0]:.1f}\n{table(header, rows)}")


def group(name: str) -> str:
    """Return what tells whether two maps show the same molecule."""
    return str(Path(name).parent) if name.startswith(("sets", "pairs")) else name


def copies(
    density_map: botalign.DensityMap, rng: np.random.Generator
) -> Iterator[tuple[str, float, botalign.DensityMap]]:
    """Yield copies in random poses, with a description and the signal-to-noise ratio in the box."""
    outline = survey(density_map)
    centre, radius = outline.centre_angstrom, outline.radius_angstrom
    for label, factor, hand in (("same voxels", 1.0, 1), ("coarser, mirrored", 1.37, -1), ("finer", 0.8, 1)):
        voxel = factor * max(density_map.grid.voxel_size_angstrom)
        linear = Rotation.random(random_state=rng).as_matrix() @ np.diag([hand, 1, 1])
        shift = centre - linear @ centre + rng.uniform(-0.2, 0.2, 3) * radius
        grid = botalign.Grid.cube(int(np.ceil(3 * radius / voxel)), voxel, centre)
        copy = botalign.resample(density_map, np.column_stack([linear, shift]), grid)
        yield label, np.inf, copy
        for ratio in RATIOS if factor >= 1 else ():
            sigma = copy.data.std() / np.sqrt(ratio)
            yield label, ratio, copy.with_data(copy.data + rng.normal(0, sigma, copy.data.shape).astype(np.float32))


def library(seed: int) -> None:
    """Count the partners and the other maps that the filter keeps, and time a query against a large index."""
    rng, queries, others = np.random.default_rng(seed), {}, []
    used = time.process_time()
    for name in MAPS:
        density_map = botalign.read(data_folder() / name)
        queries[name] = signature(density_map)
        others.append((name, np.inf, queries[name]))
        others += [(name, ratio, signature(copy)) for _, ratio, copy in copies(density_map, rng)]
    print(f"{len(others)} signatures, {(time.process_time() - used) / len(others):.2f} processor seconds for each copy")
    found = [each for _, _, each in others]
    rows = []
    for ratio in (np.inf, *RATIOS):
        partners, strangers, unclear = [], [], 0
        for name, given in queries.items():
            similarity, kept = similarities(given, found)
            for (other, noise, each), near, may in zip(others, similarity, kept, strict=True):
                if noise != ratio or each is given:
                    continue
                clear = min(given.contrast, each.contrast) >= CLEAR
                unclear += not clear
                row = (near, abs(np.log(each.gyration_angstrom / given.gyration_angstrom)), may, clear)
                (partners if group(other) == group(name) else strangers).append(row)
        rows.append(
            [
                "none" if ratio == np.inf else f"{1 / ratio:.0f}",
                f"{sum(row[2] for row in partners)} of {len(partners)}",
                f"{min(row[0] for row in partners if row[3]):.3f}",
                f"{np.exp(max(row[1] for row in partners if row[3])):.2f}",
                f"{sum(row[2] for row in strangers if row[3])} of {sum(row[3] for row in strangers)}", unclear,
            ]
        )  # fmt: skip
    header = (
        "noise", "partners kept", "least similarity", "largest factor of the radius", "other maps kept",
        "pairs not clear",
    )  # fmt: skip
    print(table(header, rows), flush=True)
    alike = [
        (group(other) == group(name), float(np.vdot(given.norms, each.norms)) > SAME_SHAPE)
        for name, given in queries.items()
        for other, noise, each in others
        if noise == np.inf and each is not given and min(given.contrast, each.contrast) >= CLEAR
    ]
    for what, is_partner in (("partners", True), ("other maps", False)):
        found_alike = [same for partner, same in alike if partner is is_partner]
        print(f"{what} without noise of the same shape at any voxel size: {sum(found_alike)} of {len(found_alike)}")
    with tempfile.TemporaryDirectory() as folder:
        query(Path(folder), list(queries.values()), rng)


def query(folder: Path, known: list[Signature], rng: np.random.Generator) -> None:
    """Time a query against an index with invented signatures, of files that exist."""
    source = folder / "source.mrc"
    fixed = botalign.phantom(40, voxel_size_angstrom=3.5)
    fixed.write(source)
    files = [folder / "library" / f"{number:05}.mrc" for number in range(INDEXED)]
    files[0].parent.mkdir()
    entries = {}
    for number, path in enumerate(files):
        os.link(source, path)
        norms = np.abs(known[number % len(known)].norms * rng.lognormal(0, 0.3, known[0].norms.shape))
        norms /= np.linalg.norm(norms)
        entries[path] = (file_state(path), Described(Signature(rng.uniform(20, 120), 100.0, norms.astype(np.float32))))
    entries[files[7]] = (file_state(files[7]), Described(signature(fixed)))
    index = folder / "index.npz"
    MapIndex(index).add(entries)
    began, used = time.perf_counter(), time.process_time()
    for step in botalign.rank_steps(fixed, files, execution=botalign.Execution(threads=1), index=index):
        if step.stage == "maps":
            break
    print(
        f"{INDEXED} indexed maps: {time.perf_counter() - began:.1f} s and {time.process_time() - used:.1f} processor "
        f"seconds until the alignments, of {step.total} maps; the index has {index.stat().st_size / 1e6:.1f} MB"
    )


def main() -> None:
    """Run a benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("complexes", "speed", "library"))
    parser.add_argument("--models", type=int, default=24, help="models for the speed (default: 24)")
    parser.add_argument("--seed", type=int, default=0, help="seed of poses and noise (default: 0)")
    parser.add_argument("--own", action="store_true", help="start from the poses of the files")
    chosen = parser.parse_args()
    print(machine())
    if chosen.what == "complexes":
        complexes(chosen.seed, own=chosen.own)
    elif chosen.what == "speed":
        speed(chosen.models)
    else:
        library(chosen.seed)


if __name__ == "__main__":
    main()
