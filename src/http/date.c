/* HTTP dates: reads the three forms of RFC 9110 §5.6.7, writes IMF-fixdate. */
#include "http/date.h"

#include <string.h>

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_days[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Days since 1970-01-01 of a day in the Gregorian calendar: years begin in
 * March here, so that the leap day is the last. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_from_days(int64_t z, int *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

static void put_two(char *p, int n)
{
	p[0] = (char)('0' + n / 10 % 10);
	p[1] = (char)('0' + n % 10);
}

void fr_http_date_format(int64_t seconds, char *out)
{
	int64_t day = seconds / 86400;
	int in_day = (int)(seconds % 86400), y, m, d;

	civil_from_days(day, &y, &m, &d);
	memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", FR_HTTP_DATE_BYTES);
	memcpy(out, days[(day + 4) % 7], 3);
	put_two(out + 5, d);
	memcpy(out + 8, months[m - 1], 3);
	put_two(out + 12, y / 100);
	put_two(out + 14, y);
	put_two(out + 17, in_day / 3600);
	put_two(out + 20, in_day / 60 % 60);
	put_two(out + 23, in_day % 60);
}

/* --- reading --- */

struct fields {
	int year, month, day, hour, minute, second;
};

/* Takes the literal off the head, in upper or lower case (RFC 9111 §4.2). */
static bool take(struct fr_str *s, const char *literal)
{
	struct fr_str l = fr_str_from(literal);

	if (!fr_str_istarts(*s, l))
		return false;
	*s = fr_str_sub(*s, l.len, s->len);
	return true;
}

/* n digits; `space`: the first may be a space (asctime's day). */
static bool take_number(struct fr_str *s, size_t n, bool space, int *out)
{
	int v = 0;

	if (s->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s->p[i];

		if (space && i == 0 && c == ' ')
			c = '0';
		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*s = fr_str_sub(*s, n, s->len);
	*out = v;
	return true;
}

static bool take_month(struct fr_str *s, int *out)
{
	for (int i = 0; i < 12; i++)
		if (take(s, months[i])) {
			*out = i + 1;
			return true;
		}
	return false;
}

static bool take_time(struct fr_str *s, struct fields *f)
{
	return take_number(s, 2, false, &f->hour) && take(s, ":") &&
	       take_number(s, 2, false, &f->minute) && take(s, ":") &&
	       take_number(s, 2, false, &f->second);
}

static bool read_imf(struct fr_str s, struct fields *f)
{
	return take(&s, ", ") && take_number(&s, 2, false, &f->day) && take(&s, " ") &&
	       take_month(&s, &f->month) && take(&s, " ") && take_number(&s, 4, false, &f->year) &&
	       take(&s, " ") && take_time(&s, f) && take(&s, " GMT") && s.len == 0;
}

static bool read_asctime(struct fr_str s, struct fields *f)
{
	return take(&s, " ") && take_month(&s, &f->month) && take(&s, " ") &&
	       take_number(&s, 2, true, &f->day) && take(&s, " ") && take_time(&s, f) &&
	       take(&s, " ") && take_number(&s, 4, false, &f->year) && s.len == 0;
}

/* RFC 850: a year that seems more than 50 years ahead is in the past. */
static bool read_rfc850(struct fr_str s, int64_t now_s, struct fields *f)
{
	int this_year, m, d;

	if (!(take(&s, ", ") && take_number(&s, 2, false, &f->day) && take(&s, "-") &&
	      take_month(&s, &f->month) && take(&s, "-") && take_number(&s, 2, false, &f->year) &&
	      take(&s, " ") && take_time(&s, f) && take(&s, " GMT") && s.len == 0))
		return false;
	civil_from_days(now_s / 86400, &this_year, &m, &d);
	f->year += this_year / 100 * 100;
	if (f->year > this_year + 50)
		f->year -= 100;
	return true;
}

static bool is_valid(const struct fields *f)
{
	static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (f->year % 4 == 0 && f->year % 100 != 0) || f->year % 400 == 0;

	return f->year >= 1900 && f->day >= 1 &&
	       f->day <= lengths[f->month - 1] + (leap && f->month == 2) && f->hour <= 23 &&
	       f->minute <= 59 && f->second <= 60;
}

int fr_http_date_parse(struct fr_str text, int64_t now_s, int64_t *out)
{
	struct fields f = {0};
	bool ok = false;

	for (int i = 0; i < 7 && !ok; i++) {
		struct fr_str s = text;

		if (take(&s, long_days[i]) && read_rfc850(s, now_s, &f))
			ok = true;
		s = text;
		if (!ok && take(&s, days[i]))
			ok = read_imf(s, &f) || read_asctime(s, &f);
	}
	if (!ok || !is_valid(&f))
		return FR_ERR_SYNTAX;
	*out = days_from_civil(f.year, f.month, f.day) * 86400 + f.hour * 3600 + f.minute * 60 +
	       (f.second == 60 ? 59 : f.second);
	return 0;
}
