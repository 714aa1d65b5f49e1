#pragma once

#include <string>
#include <vector>

namespace moebench::launch {

// The words of a line as a POSIX shell splits them: blanks separate, '...', "..." and \ quote.
// Nothing is expanded. `source` names the text in the Error for a quote that is not closed.
std::vector<std::string> split_shell_words(const std::string& text, const std::string& source);

// The line that splits into these words again, quoted where it must be.
std::string joined_shell_words(const std::vector<std::string>& words);

// Quotes a text as one word for a shell, whatever is in it.
std::string shell_quoted(const std::string& text);

}  // namespace moebench::launch
