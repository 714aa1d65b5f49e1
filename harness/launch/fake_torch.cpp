int moebench_fake_torch() { return 0; }
