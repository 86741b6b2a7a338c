/* The program that Library.cmake makes of each library: it need only link. */
int main(void)
{
	return 0;
}
