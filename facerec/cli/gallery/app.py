"""The commands of ``facerec gallery``, in the order in which its help lists them."""

from __future__ import annotations

from facerec.cli.gallery import duplicates, forgetting, keeping, logbook, people, repairing
from facerec.cli.options import examples
from facerec.cli.parsing import Commands

_PEOPLE = "Who is enrolled"
_REPAIR = "Mending who is who"
_FORGETTING = "Forgetting"
_PROOF = "The log, and what it proves"
_COPIES = "Copies"

app = Commands(
    name="gallery",
    help="Look after a gallery: list, change, mend and forget the people in it, read its log, prove its contents.\n\n"
    "People are put into it by facerec enroll, and looked for in it by facerec identify and facerec verify --name.",
    epilog=examples(
        "facerec gallery list --gallery people.db",
        'facerec gallery forget "Ada Lovelace" --gallery people.db --receipt ada.json',
        "facerec gallery check --against head.txt --gallery people.db",
    ),
)

app.command("list", rich_help_panel=_PEOPLE, epilog=people.LIST_EXAMPLES)(people.list_people)
app.command(rich_help_panel=_PEOPLE, epilog=people.SHOW_EXAMPLES)(people.show)
app.command(rich_help_panel=_PEOPLE, epilog=people.RENAME_EXAMPLES)(people.rename)
app.command(rich_help_panel=_PEOPLE, epilog=people.UPDATE_EXAMPLES)(people.update)
app.command(rich_help_panel=_REPAIR, epilog=duplicates.EXAMPLES)(duplicates.duplicates)
app.command(rich_help_panel=_REPAIR, epilog=repairing.MERGE_EXAMPLES)(repairing.merge)
app.command(rich_help_panel=_REPAIR, epilog=repairing.SPLIT_EXAMPLES)(repairing.split)
app.command(rich_help_panel=_REPAIR, epilog=repairing.MOVE_EXAMPLES)(repairing.move)
app.command(rich_help_panel=_REPAIR, epilog=repairing.UNDO_EXAMPLES)(repairing.undo)
app.command(rich_help_panel=_FORGETTING, epilog=forgetting.FORGET_EXAMPLES)(forgetting.forget)
app.command(rich_help_panel=_FORGETTING, epilog=forgetting.REMOVE_EXAMPLES)(forgetting.remove)
app.command(rich_help_panel=_FORGETTING, epilog=forgetting.PURGE_EXAMPLES)(forgetting.purge)
app.command(rich_help_panel=_FORGETTING, epilog=forgetting.COMPACT_EXAMPLES)(forgetting.compact)
app.command(rich_help_panel=_PROOF, epilog=logbook.LOG_EXAMPLES)(logbook.log)
app.command(rich_help_panel=_PROOF, epilog=logbook.CHECK_EXAMPLES)(logbook.check)
app.command(rich_help_panel=_PROOF, epilog=logbook.HEAD_EXAMPLES)(logbook.head)
app.command(rich_help_panel=_PROOF, epilog=logbook.KEY_EXAMPLES)(logbook.protect)
app.command(rich_help_panel=_COPIES, epilog=keeping.BACKUP_EXAMPLES)(keeping.backup)
app.command(rich_help_panel=_COPIES, epilog=keeping.RESTORE_EXAMPLES)(keeping.restore)
app.command(rich_help_panel=_COPIES, epilog=keeping.COPY_EXAMPLES)(keeping.copy)
app.command(rich_help_panel=_COPIES, epilog=keeping.EXPORT_EXAMPLES)(keeping.export)
app.command("import", rich_help_panel=_COPIES, epilog=keeping.IMPORT_EXAMPLES)(keeping.import_people)
app.command(rich_help_panel=_COPIES, epilog=keeping.REEMBED_EXAMPLES)(keeping.reembed)
