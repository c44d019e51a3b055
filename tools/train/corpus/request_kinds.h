// The makers of each kind of request; request.cpp lists them.
#pragma once

#include "train/corpus/request.h"

namespace pith::lab {

/// The key of all sums of numbers to ten: they are few and to be known by heart, so all are for training.
inline constexpr std::string_view kTable = "a table";

Request request_copy(Draw& draw, Split split);
Request request_reverse(Draw& draw, Split split);
Request request_sort(Draw& draw, Split split);
Request request_count(Draw& draw, Split split);
Request request_compare(Draw& draw, Split split);
Request request_extract(Draw& draw, Split split);

Request request_count_worked(Draw& draw, Split split);    // "wolf, apple 1, door, apple 2: 2 times."
Request request_compare_worked(Draw& draw, Split split);  // "33 is smaller than 38, so no."
Request request_sum_worked(Draw& draw, Split split);      // asked for with words like "Think step by step."
Request request_problem_worked(Draw& draw, Split split);

Request request_story(Draw& draw, Split split);
Request request_fact(Draw& draw, Split split);
Request request_refuse(Draw& draw, Split split);
Request request_refuse_asked(Draw& draw, Split split);  // of known people only those who are asked about

Request request_name(Draw& draw, Split split);    // "igor hale" is written Igor Hale
Request request_known(Draw& draw, Split split);   // "Do you know Igor Hale?"
Request request_people(Draw& draw, Split split);  // "Igor Hale went to the lake. Who went to the lake?"

Request request_sum(Draw& draw, Split split);
Request request_problem_direct(Draw& draw, Split split);
Request request_problem_steps(Draw& draw, Split split);
Request request_puzzle(Draw& draw, Split split);

Request request_tale(Draw& draw, Split split);
Request request_talk(Draw& draw, Split split);

}  // namespace pith::lab
