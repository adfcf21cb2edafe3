"""Questions to notes: fields of HTML, tags and media, without anything of Anki's file format."""
