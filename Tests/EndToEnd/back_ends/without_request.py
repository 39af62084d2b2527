"""What an SDK says and does about sessions with no request at hand, in one run of it. The settings
of a back end, and `calls`: a list of [`asyncio` or `syncio`, function of the session recipe,
arguments…]. Prints the list of their results as JSON, objects as their attributes."""

import asyncio
import importlib
import json

import back_end

back_end.start("flask", "wsgi")


def result(module, function, *arguments):
    recipe = importlib.import_module(f"supertokens_python.recipe.session.{module}")
    found = getattr(recipe, function)(*arguments)
    return asyncio.run(found) if module == "asyncio" else found


print(json.dumps([result(*call) for call in back_end.settings["calls"]], default=vars))
