# Makes forerun.yaml(5) of docs/configuration.md, so that there is one text of every setting.
# awk -f man/configuration.awk -v version=0.1.0 docs/configuration.md > forerun.yaml.5

BEGIN {
	print ".\\\" made of docs/configuration.md by man/configuration.awk"
	print ".TH FORERUN.YAML 5 \"\" \"forerun " version "\" \"File Formats\""
	print ".SH NAME"
	print "forerun.yaml \\- the configuration of the forerun HTTP/2 edge server"
	print ".SH DESCRIPTION"
}

# Code in bold, emphasis gone, links by their text, and nothing that roff would act on.
function plain(s,    out, at, code) {
	gsub(/\\\|/, "|", s)
	gsub(/\\/, "\\e", s)
	while (match(s, /\[[^][]*\]\([^()]*\)/)) {
		at = substr(s, RSTART + 1, RLENGTH - 1)
		sub(/\]\([^()]*\)$/, "", at)
		s = substr(s, 1, RSTART - 1) at substr(s, RSTART + RLENGTH)
	}
	out = ""
	while (match(s, /`[^`]*`/)) {
		code = substr(s, RSTART + 1, RLENGTH - 2)
		gsub(/-/, "\\-", code)
		out = out text(substr(s, 1, RSTART - 1)) "\\fB" code "\\fR"
		s = substr(s, RSTART + RLENGTH)
	}
	return out text(s)
}

function text(s) {
	gsub(/\*\*/, "", s)
	return s
}

function line(s) {
	s = plain(s)
	if (s ~ /^[.']/)
		s = "\\&" s
	print s
}

function trim(s) {
	gsub(/^ +| +$/, "", s)
	return s
}

# A setting, or any other row: its first cell, and the others below it.
function row(    i, value, said) {
	for (i = 1; i <= cells; i++)
		value[i] = trim(cell[i])
	if (!in_table) {
		in_table = 1
		columns = cells
		for (i = 1; i <= cells; i++)
			head[i] = value[i]
		return
	}
	if (value[1] ~ /^-+$/)
		return
	print ".TP"
	line(value[1] == "" ? "\\&" : value[1])
	said = ""
	for (i = 2; i <= cells; i++)
		if (head[i] == "default" && value[i] != "")
			said = said "Default: " value[i] ". "
		else if (head[i] == "bounds" && value[i] != "")
			said = said "Values: " value[i] "."
		else if (value[i] != "")
			line(toupper(substr(value[i], 1, 1)) substr(value[i], 2))
	if (said != "") {
		print ".br"
		line(trim(said))
	}
}

/^```/ {
	print in_code ? ".RE\n.fi" : ".PP\n.nf\n.RS"
	in_code = !in_code
	next
}
in_code {
	gsub(/\\/, "\\e")
	gsub(/-/, "\\-")
	print $0 ~ /^[.']/ ? "\\&" $0 : $0
	next
}
/^\|/ {
	gsub(/\\\|/, "\001")
	sub(/^\| */, "")
	sub(/ *\|$/, "")
	cells = split($0, cell, /\|/)
	for (i = 1; i <= cells; i++)
		gsub(/\001/, "|", cell[i])
	row()
	next
}
in_table { in_table = 0; print ".PP" }
/^# / { next }
/^## / { sub(/^## /, ""); print ".SH " toupper(plain($0)); next }
/^###+ / { sub(/^###+ /, ""); print ".SS " plain($0); next }
/^- / { sub(/^- /, ""); print ".IP \\(bu 2"; line($0); next }
/^$/ { print ".PP"; next }
{ line(trim($0)) }

END {
	print ".SH SEE ALSO"
	print ".BR forerun (1)"
}
