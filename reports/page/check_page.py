#!/usr/bin/env python3
"""Opens a report's page in a headless Chromium and checks what people would see.

    check_page.py MOEBENCH                                  # the test; 77: skipped, no Chromium
    check_page.py MOEBENCH --cells 200 --time               # how long a page of so many cells takes to open
    check_page.py MOEBENCH --results DIR --picture OUT.png  # the head of DIR's page as a picture
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sample_records  # noqa: E402
from browser import Browser, find_chromium  # noqa: E402

FEWEST_COLOURS = 5  # of a picture that is not empty: ground, frame, text, axes, marks

# Draws everything, in the way of a reader who opens and scrolls.
SHOW_ALL = """(async () => {
  document.querySelectorAll('details.section').forEach(part => { part.open = true; });
  for (const figure of document.querySelectorAll('figure')) {
    figure.scrollIntoView();
    for (let i = 0; i < 100 && !figure.querySelector('.picture svg'); ++i) {
      await new Promise(done => setTimeout(done, 20));
    }
  }
})()"""
BOXES = """[...document.querySelectorAll('figure')].map(figure => {
  const box = figure.querySelector('.picture').getBoundingClientRect();
  return {name: figure.dataset.name, x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height};
})"""
DRAWN = """(name => {
  const figure = [...document.querySelectorAll('figure')].find(figure => figure.dataset.name === name);
  const option = echarts.getInstanceByDom(figure.querySelector('.picture')).getOption();
  return option.series.map(series => ({name: series.name, type: series.type, data: series.data.map(item =>
    item !== null && typeof item === 'object' && !Array.isArray(item) ? item.value : item)}));
})(%s)"""
SHOWN = """[...document.querySelectorAll('figure')].find(figure => figure.dataset.name === %s)
  .querySelectorAll('tbody tr').length"""


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def pixels_of(png):
    """Rows of pixels of an 8 bit PNG, each pixel as bytes."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    expect(depth == 8 and kind in (2, 6), "a PNG of another kind than expected")
    size = 3 if kind == 2 else 4
    data, place = b"", 8
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place:place + 8])
        if name == b"IDAT":
            data += png[place + 8:place + 8 + length]
        place += 12 + length
    raw, before, stride = zlib.decompress(data), bytes(width * size), width * size
    for row in range(height):
        begin = row * (stride + 1)
        line = unfiltered(raw[begin], bytearray(raw[begin + 1:begin + 1 + stride]), before, size)
        yield [bytes(line[i:i + size]) for i in range(0, stride, size)]
        before = line


def unfiltered(kind, line, before, size):
    for i in range(len(line) if kind else 0):
        left = line[i - size] if i >= size else 0
        up, corner = before[i], before[i - size] if i >= size else 0
        if kind == 1:
            add = left
        elif kind == 2:
            add = up
        elif kind == 3:
            add = (left + up) // 2
        else:
            guess = left + up - corner
            add = min((left, up, corner), key=lambda near: abs(guess - near))
        line[i] = (line[i] + add) & 255
    return line


def num_colours(png, most=64):
    colours = set()
    for row in pixels_of(png):
        colours.update(row)
        if len(colours) >= most:
            break
    return len(colours)


def close(a, b):
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def typical(records):
    """The repetition that a row shows: that of the median runtime."""
    ordered = sorted(records, key=lambda record: record["metrics"]["runtime"]["value"])
    return ordered[(len(ordered) - 1) // 2]


def by_cell(records):
    cells = {}
    for record in records:
        cells.setdefault(record["id"], []).append(record)
    return cells


def check_numbers(browser, records):
    """What is drawn is what results.jsonl holds."""
    def drawn(name):
        return browser.evaluate(DRAWN % json.dumps(name))

    cells = by_cell(records)
    points = [item for series in drawn("memory_speed") if series["type"] == "scatter" for item in series["data"]]
    expect(len(points) == len(cells), f"{len(points)} points for {len(cells)} cells")
    for point, of_cell in zip(points, cells.values()):
        metrics = typical(of_cell)["metrics"]
        expect(close(point[0], metrics["mem_peak"]["value"] / 1e6), f"mem_peak drawn as {point[0]} MB")
        expect(close(point[1], metrics["tokens_per_second"]["value"]), f"tokens/s drawn as {point[1]}")

    series = [each for each in drawn("steps") if each["type"] == "line"]
    for each, of_cell in zip(series, cells.values()):
        values = [item[1] for item in each["data"] if item[1] is not None]
        samples = [ns / 1e6 for record in of_cell for ns in record["metrics"]["step_time"]["samples"]]
        expect(len(values) == len(samples) and all(map(close, values, samples)), "steps differ: " + each["name"])

    for each, of_cell in zip(drawn("loss"), cells.values()):
        samples = typical(of_cell)["metrics"]["loss"]["samples"]
        values = [item[1] for item in each["data"]]
        expect(len(values) == len(samples) and all(map(close, values, samples)), "losses differ: " + each["name"])

    phases = {each["name"]: each["data"] for each in drawn("phases")}
    for i, of_cell in enumerate(cells.values()):
        value = typical(of_cell)["metrics"]["phase_time_experts"]["value"] / 1e6
        expect(close(phases["experts"][i], value), f"experts drawn as {phases['experts'][i]} ms")


def check_page(program, folder):
    results = os.path.join(folder, "results")
    os.mkdir(results)
    records = sample_records.write(os.path.join(results, "results.jsonl"), cells=8)
    page = os.path.join(folder, "page.html")
    make_page(program, results, page)
    with Browser(find_chromium()) as browser:
        browser.open(page)
        browser.evaluate(SHOW_ALL)
        boxes = browser.evaluate(BOXES)
        names = [box["name"] for box in boxes]
        print(f"{len(names)} pictures: {', '.join(names)}")
        expect(len(names) == len(set(names)), "two pictures of one name")
        check_numbers(browser, records)
        for box in boxes:
            name = box.pop("name")
            colours = num_colours(browser.screenshot(box))
            expect(colours >= FEWEST_COLOURS, f"picture {name} has {colours} colours: it is empty")
            expect(browser.evaluate(SHOWN % json.dumps(name)) > 0, f"picture {name} has no numbers")
        light = browser.evaluate("document.querySelector('.picture svg rect').getAttribute('fill')")
        browser.set_scheme("dark")
        browser.evaluate("new Promise(done => setTimeout(done, 300))")
        dark = browser.evaluate("document.querySelector('.picture svg rect').getAttribute('fill')")
        expect(light != dark, "pictures do not follow the colour scheme")
        browser.set_size(360, 700, is_phone=True)
        browser.evaluate("new Promise(done => setTimeout(done, 500))")
        width = browser.evaluate("document.documentElement.scrollWidth")
        expect(width <= 360, f"the page is {width} pixels wide on a phone of 360")
        check_print(browser, page, len(names))
        check_without_scripts(browser, page, len(names))
        expect(browser.messages == [], f"the console says: {browser.messages}")
        others = [url for url in browser.requests if url != "file://" + page]
        expect(others == [], f"the page asks for {others}")


def check_print(browser, page, count):
    browser.open(page)
    browser.call("Page.printToPDF")
    drawn = browser.evaluate("document.querySelectorAll('figure .picture svg').length")
    expect(drawn == count, f"print shows {drawn} pictures of {count}")


def check_without_scripts(browser, page, count):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page, has_scripts=False)
    tables = browser.evaluate("document.querySelectorAll('figure table').length")
    hidden = browser.evaluate("getComputedStyle(document.querySelector('.picture')).display")
    expect(tables == count and hidden == "none", f"without scripts: {tables} tables, pictures are {hidden}")


def make_page(program, results, page):
    subprocess.run([program, "report", results, "--format", "html", "--out", page], check=True)


def time_page(program, folder, cells):
    results = os.path.join(folder, "results")
    os.mkdir(results)
    sample_records.write(os.path.join(results, "results.jsonl"), cells=cells)
    page = os.path.join(folder, "page.html")
    make_page(program, results, page)
    with Browser(find_chromium()) as browser:
        times = [browser.open(page) for _ in range(3)]
        figures = browser.evaluate("document.querySelectorAll('figure').length")
    print(f"{cells} cells, {figures} pictures, {os.path.getsize(page) / 1e6:.1f} MB: "
          f"opened in {', '.join(f'{seconds:.2f}' for seconds in times)} s")


def take_picture(program, folder, results, path):
    page = os.path.join(folder, "page.html")
    make_page(program, results, page)
    with Browser(find_chromium(), width=830, height=1400) as browser:
        browser.set_size(830, 1400)
        browser.open(page)
        browser.evaluate(SHOW_ALL)
        browser.evaluate("document.querySelectorAll('details.section').forEach(part => { part.open = false; })")
        browser.evaluate("scrollTo(0, 0)")
        end = browser.evaluate("document.querySelectorAll('figure')[1].getBoundingClientRect().bottom + 12")
        picture = browser.screenshot({"x": 0, "y": 0, "width": 830, "height": end})
    with open(path, "wb") as file:
        file.write(picture)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("moebench")
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--results")
    parser.add_argument("--picture")
    options = parser.parse_args()
    if find_chromium() is None:
        print("skipped: no Chromium on PATH (Debian's package chromium)")
        return 77
    with tempfile.TemporaryDirectory(prefix="moebench-page-") as folder:
        if options.time:
            time_page(options.moebench, folder, options.cells)
        elif options.picture:
            take_picture(options.moebench, folder, options.results, options.picture)
        else:
            check_page(options.moebench, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
