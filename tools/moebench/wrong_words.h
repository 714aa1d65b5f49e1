#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace moebench::cli {

// Throws Error that says what is wrong with a command line which CLI11 has refused: the word, the
// nearest one that would do, and the help page that tells more.
[[noreturn]] void refuse_words(const CLI::App& app, const std::string& complaint);

// The same for one word in place of a command.
[[noreturn]] void refuse_command(const CLI::App& app, const std::string& word);

// Whether there are words before the command, or in its place, that mean nothing.
bool has_unknown_words(const CLI::App& app);

// Checks that a word is one of `words`; says which is near where it is not.
CLI::Validator known_word(std::vector<std::string> words);

}  // namespace moebench::cli
