"""The fault table: which tests prove what is promised about money, files and secrets.

An entry is a test file or `file::test`, below tests/. `make prove` runs exactly these, prints a line per group and per
rule, and fails when an entry names no test. docs/reliability.md says what the rules are.
"""

GROUPS = {
    "killed at any point of a task's life": ("tasks/test_crash.py", "gallery/test_crash.py", "tasks/test_recovery.py"),
    "answers to a paid request, row by row": (
        "kie/test_client_answers.py",
        "kie/test_client_bodies.py::test_upscale_s_older_path_counts_from_one_and_is_taken_only_when_asked_for",
        "tasks/test_submit.py",
        "tasks/test_answers.py",
    ),
    "answers to a look, row by row": ("kie/test_reports.py", "tasks/test_following.py", "tasks/test_answers.py"),
    "ambiguous answers: a lost one is never sent again": (
        "tasks/test_submit.py::test_an_answer_that_proves_nothing_leaves_the_task_unconfirmed_and_never_sent_again",
        "tasks/test_answers.py::test_what_proves_nothing_about_a_paid_request_leaves_it_unconfirmed",
        "kie/test_client_answers.py::test_an_answer_that_proves_nothing_leaves_a_paid_request_unknown",
        "kie/test_client_wire.py::test_bytes_that_went_out_without_a_whole_answer_leave_it_unknown",
        "callbacks/test_receive.py::test_an_unconfirmed_task_heals_when_its_callback_names_it",
    ),
    "answers nobody would think of": ("kie/test_reports_random.py",),
    "the wire: cut, slow, endless, redirected": ("kie/test_client_wire.py",),
    "callbacks that outrun or contradict an answer": ("tasks/test_named.py", "tasks/test_second_thoughts.py"),
    "callbacks: repeated, forged, stale, altered": ("callbacks/test_receive.py", "callbacks/test_signature.py"),
    "hostile files": ("gallery/test_renditions.py", "gallery/test_saving.py"),
    "hostile addresses": ("gallery/test_addresses.py", "gallery/test_downloads.py"),
    "full disk": (
        "tasks/test_submit.py::test_nothing_is_bought_that_cannot_be_stored",
        "gallery/test_saving.py::test_a_full_disk_keeps_the_result_due",
        "gallery/test_services.py::test_room_is_what_the_disk_has_beyond_its_reserve",
        "gallery/test_services.py::test_there_is_no_room_where_nothing_can_be_written",
    ),
    "locked database": (
        "tasks/test_locked.py",
        "callbacks/test_receive.py::test_a_ring_that_meets_a_locked_database_is_asked_to_come_again",
    ),
    "wiped queue, lost bells": (
        "tasks/test_recovery.py::test_a_wiped_job_queue_loses_nothing",
        "gallery/test_sweep.py::test_a_due_result_whose_bell_was_lost_is_rung_for_once_a_minute",
    ),
    "restored backup": ("tasks/test_recovery.py::test_after_a_restore_what_was_not_sent_waits_for_a_person",),
    "the money ties out": (
        "usage/test_ledger.py::test_after_a_random_run_the_ledger_equals_the_provider_s_to_the_credit",
        "usage/test_ledger.py::test_what_our_tasks_cost_explains_the_balance_also_while_they_run",
        "usage/test_ledger.py::test_an_unexplained_debit_at_the_provider_is_found",
        "usage/test_budgets.py::test_five_hundred_sends_at_once_never_overshoot",
    ),
    "the key is nowhere else": ("kie/test_client_privacy.py", "test_canary.py"),
}

RULES = {
    "R1": (
        "tasks/test_submit.py::test_the_same_form_sent_twice_makes_one_task",
        "tasks/test_submit.py::test_two_workers_with_the_same_bell_send_once",
        "tasks/test_submit.py::test_an_id_another_task_bears_is_not_taken",
        "tasks/test_named.py",
        "tasks/test_second_thoughts.py::test_an_upscale_that_a_callback_names_is_not_sent_by_the_older_path",
        "tasks/test_second_thoughts.py::test_a_worker_that_read_the_task_before_a_refusal_does_not_send_it_before_its_time",
        "tasks/test_bought_twice.py",
        "tasks/test_changing_keys.py",
    ),
    "R2": (
        "tasks/test_crash.py",
        "tasks/test_recovery.py::test_a_claim_that_died_before_the_wire_mark_goes_back_to_the_queue",
        "tasks/test_recovery.py::test_a_claim_that_died_after_the_wire_mark_is_unconfirmed_and_never_sent_again",
    ),
    "R3": ("kie/test_client_wire.py", "kie/test_client_answers.py::test_a_redirect_is_not_followed"),
    "R4": (
        "tasks/test_submit.py::test_an_answer_that_proves_nothing_leaves_the_task_unconfirmed_and_never_sent_again",
        "tasks/test_submit.py::test_an_explicit_not_now_puts_the_task_back_and_it_is_sent_later",
        "tasks/test_submit.py::test_a_task_that_never_left_the_machine_is_tried_again",
        "tasks/test_submit.py::test_after_eight_tries_a_task_waits_for_a_person",
        "tasks/test_submit.py::test_after_half_an_hour_of_tries_a_task_waits_for_a_person",
        "tasks/test_submit.py::test_waits_after_a_not_now_are_jittered_from_a_window_to_minutes",
    ),
    "R5": (
        "kie/test_client_answers.py::test_any_answer_with_a_task_id_is_accepted",
        "tasks/test_submit.py::test_any_answer_with_a_task_id_means_accepted",
    ),
    "R6": (
        "callbacks/test_receive.py::test_a_lying_callback_makes_no_result",
        "callbacks/test_receive.py::test_with_a_webhook_key_only_a_fresh_true_signature_rings",
        "callbacks/test_receive.py::test_a_storm_of_replays_costs_one_look_in_ten_seconds",
        "tasks/test_following.py::test_after_an_hour_without_a_key_what_a_callback_named_is_fetched_and_marked",
        "gallery/test_saving.py::test_the_file_of_the_confirmed_address_takes_the_place_of_the_callback_s",
        "gallery/test_saving.py::test_a_saved_file_is_not_lost_when_the_confirmed_one_can_t_be_had",
        "gallery/test_saving.py::test_what_a_callback_s_address_brought_is_not_taken_for_the_confirmed_file",
        "callbacks/test_receive.py::test_a_ring_that_names_nothing_leaves_what_an_earlier_one_named",
        "tasks/test_second_thoughts.py::test_a_later_key_of_another_account_says_nothing_about_a_task",
        "tasks/test_changing_keys.py",
    ),
    "R7": (
        "tasks/test_following.py::test_a_state_once_final_does_not_move_back",
        "tasks/test_following.py::test_a_failure_that_comes_late_undoes_no_success",
        "tasks/test_following.py::test_success_beats_a_failure_told_earlier",
        "tasks/test_named.py::test_a_refused_task_that_runs_after_all_is_followed_until_its_success",
        "tasks/test_following.py::test_done_without_pictures_is_asked_again_and_never_fails_by_our_clock",
        "tasks/test_following.py::test_a_task_of_any_age_is_still_looked_at",
    ),
    "R8": (
        "tasks/test_crash.py::test_killed_at_any_statement_of_applying_a_success_ends_with_four_results_and_one_settled_line",
        "gallery/test_services.py::test_adding_the_same_again_changes_nothing",
    ),
    "R9": ("gallery/test_crash.py", "gallery/test_saving.py::test_what_is_no_whole_picture_leaves_no_file_behind"),
    "R10": (
        "gallery/test_sweep.py::test_the_owner_is_told_at_each_stage_once",
        "gallery/test_sweep.py::test_a_file_is_given_up_on_day_fifteen_and_not_before",
    ),
    "R11": (
        "tasks/test_recovery.py::test_a_wiped_job_queue_loses_nothing",
        "gallery/test_sweep.py::test_a_due_result_whose_bell_was_lost_is_rung_for_once_a_minute",
    ),
    "R12": (
        "tasks/test_following.py::test_looks_grow_rarer_with_age",
        "tasks/test_following.py::test_a_stated_wait_is_honoured_between_a_window_and_an_hour",
        "tasks/test_answers.py::test_every_wait_between_looks_is_jittered_by_a_fifth",
        "tasks/test_answers.py::test_a_busy_report_waits_a_window_or_as_long_as_it_is_told",
    ),
    "R13": (
        "tasks/test_submit.py::test_no_more_than_eighteen_tasks_leave_in_ten_seconds",
        "tasks/test_submit.py::test_two_people_with_one_key_share_its_pace",
        "tasks/test_submit.py::test_five_bad_answers_of_ten_stop_sending_and_one_probe_goes_first",
        "tasks/test_submit.py::test_only_a_bad_probe_makes_a_stop_longer",
        "tasks/test_submit.py::test_a_busy_account_stops_its_other_tasks_without_asking",
        "tasks/test_submit.py::test_a_refused_key_holds_every_waiting_task_of_that_key",
        "tasks/test_submit.py::test_a_refusal_that_the_balance_call_denies_holds_one_task_for_an_hour",
        "tasks/test_answers.py::test_trouble_while_looking_counts_towards_the_provider_s_breaker",
    ),
    "R14": ("tasks/test_submit.py::test_nothing_is_bought_that_cannot_be_stored",),
    "R15": (
        "kie/test_client_privacy.py",
        "tasks/test_following.py::test_only_the_last_twenty_answers_of_a_task_are_kept",
    ),
    "R16": (
        "tasks/test_recovery.py::test_after_a_restore_what_was_not_sent_waits_for_a_person",
        "tasks/test_second_thoughts.py::test_after_a_restore_the_callback_of_what_was_sent_since_is_heard",
    ),
}
