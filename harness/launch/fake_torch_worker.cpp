int moebench_fake_torch();

int main() { return moebench_fake_torch(); }
