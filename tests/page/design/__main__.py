"""`make design` draws the references anew, and says how far each is from the one before."""

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.page.conftest import ARGS, CHROMIUM
from tests.page.design.gallery import (
    COLOURS,
    REFERENCES,
    SIZES,
    VARIANTS,
    apart,
    drawn,
    reference,
    served,
    window,
)


def main() -> None:
    REFERENCES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, served() as url:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for variant in VARIANTS:
            with window(browser, variant) as page:
                for board in SIZES:
                    image, path = drawn(page, url, board), reference(board, variant)
                    was = Image.open(path).convert("RGB") if path.exists() else None
                    moved = "new" if was is None else f"{apart(image, was):.2%}"
                    image.quantize(COLOURS).save(path, optimize=True)
                    print(f"{path.name}: {moved}")
        browser.close()


if __name__ == "__main__":
    main()
