"""``facerec models``: all its commands."""

from __future__ import annotations

import typer

from facerec.cli.models import added, catalogue
from facerec.cli.options import AsJson, ModelFiles, examples

app = typer.Typer(
    name="models",
    help="List the models, their licences and where they are; fetch and check their files.",
    invoke_without_command=True,
    rich_markup_mode="markdown",
)


@app.callback(epilog=examples("facerec models", "facerec models show dlib-resnet", "facerec models fetch resnet50.v2"))
def models(context: typer.Context, as_json: AsJson = False, model_files: ModelFiles = None) -> None:
    """List the models, their licences and where they are; fetch and check their files."""
    if context.invoked_subcommand is None:
        catalogue.print_list(model_files, as_json=as_json)


app.command("list")(catalogue.list_models)
app.command(epilog=examples("facerec models show dlib-resnet", "facerec models show facenet --json"))(catalogue.show)
app.command(epilog=examples("facerec models fetch facenet", "facerec models fetch resnet50.v2 --model-files weights/"))(
    catalogue.fetch
)
app.command()(catalogue.check)
app.command(epilog=added.ADD_EXAMPLES)(added.add)
app.command(epilog=added.ATTACH_EXAMPLES)(added.attach)
app.command()(added.remove)
