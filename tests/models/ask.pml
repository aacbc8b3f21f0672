/* SPDX-License-Identifier: MIT OR Apache-2.0
 * SPDX-FileCopyrightText: The lepton authors
 *
 * The end of an ask: answer, refusal, deadline, ordered stop and failure of the asker, in any order. The asker's turns
 * are src/actor/cell.cpp (open_ask, finish_ask, on_timer, cancel_timer, cancel_asks, forget_incarnation), the answer
 * is the Reply of context.hpp (ask), which the asked side keeps as long as it likes and lets go at the end; the timer
 * thread is thread_pool.cpp (keep_time). The asker may fail and be started again, and is stopped at any moment or
 * never.
 *
 * Shown for every interleaving:
 *   a continuation runs once, unless its incarnation failed: then at most once, and never in a later incarnation;
 *   a deadline that comes after the answer, and an answer that comes after the deadline, do nothing;
 *   an answer never reaches the continuation of another ask;
 *   asks opened = completed + forgotten.
 */
#define ASKS 2
#ifndef FAILURES
#define FAILURES 1
#endif

mtype = { reply, due, stop, fail };

chan events = [8] of { mtype, byte, byte }; /* Cell::events_: what, id or token, which ask it comes from */
bool is_dead;                               /* the cell has ended: Cell::post refuses */

byte incarnation = 1;
byte asked;                     /* asks opened so far */
byte open[ASKS];                /* Cell::asks_ by id: number of the ask + 1, 0 when there is none */
bool is_timer_known[ASKS];      /* Cell::timers_ by token */
bool is_timer_pending[ASKS];    /* TimerQueue of the scheduler */
bool is_answerable[ASKS];       /* the asked side has the Reply */

byte id_of[ASKS], born[ASKS], runs[ASKS], completed, forgotten, late;

/* Cell::last_ask_ counts over all incarnations. */
#ifdef MUTANT_IDS_BEGIN_ANEW
byte first_of_incarnation;
#define NEXT_ID (asked - first_of_incarnation)
#else
#define NEXT_ID asked
#endif

inline post(what, id, ask) {
  atomic {
    if
    :: !is_dead -> events ! what, id, ask
    :: else
    fi
  }
}

/* PendingContinuation::complete */
inline run_continuation(ask) {
  runs[ask]++;
  assert(runs[ask] == 1);
  assert(born[ask] == incarnation)
}

/* Cell::cancel_timer. One that has fired meanwhile is known no more. */
inline cancel_timer(token) {
  is_timer_pending[token] = false;
  is_timer_known[token] = false
}

/* The asker's turns: one at a time. */
proctype Asker() {
  mtype what;
  byte id, ask, i;
end_idle:
  do
  :: asked < ASKS && !is_dead -> /* Context::ask */
     atomic {
       ask = asked;
       id_of[ask] = NEXT_ID;
       open[id_of[ask]] = ask + 1;
       born[ask] = incarnation;
       is_timer_known[ask] = true;
       asked++
     }
     is_timer_pending[ask] = true; /* Scheduler::at: the timer thread sees it from now on */
     is_answerable[ask] = true     /* Recipient::ask; a refusal answers at once, by the same Reply */
  :: events ? what, id, ask ->
     if
     :: what == reply -> /* Cell::finish_ask, PendingAskFor::complete */
        if
        :: open[id] != 0 ->
           assert(open[id] == ask + 1);
           open[id] = 0;
           cancel_timer(ask);
           completed++;
           run_continuation(ask)
        :: else ->
#ifdef MUTANT_LATE_ANSWER_COUNTS
           run_continuation(ask)
#else
           late++
#endif
        fi
     :: what == due -> /* Cell::on_timer */
        if
#ifdef MUTANT_TOKEN_NOT_CHECKED
        :: true ->
#else
        :: is_timer_known[id] ->
#endif
           is_timer_known[id] = false;
           assert(open[id_of[id]] == id + 1); /* the action of open_ask finds the ask */
           open[id_of[id]] = 0;
           completed++;
           run_continuation(id)
        :: !is_timer_known[id]
        fi
     :: what == stop -> /* Cell::end after a stop: cancel_asks */
        for (i : 0 .. ASKS - 1) {
          if
          :: open[i] != 0 ->
             ask = open[i] - 1;
             open[i] = 0;
             cancel_timer(ask);
             completed++;
             run_continuation(ask)
          :: else
          fi
        }
        atomic {
          is_dead = true;
          do
          :: len(events) > 0 -> events ? what, id, ask
          :: len(events) == 0 -> break
          od
        }
     :: what == fail -> /* Cell::end after a throw: forget_incarnation; then the supervisor starts it again */
        for (i : 0 .. ASKS - 1) {
          cancel_timer(i);
          if
          :: open[i] != 0 ->
#ifndef MUTANT_ASKS_OUTLIVE_FAILURE
             open[i] = 0;
#endif
             forgotten++
          :: else
          fi
        }
        incarnation++;
#ifdef MUTANT_IDS_BEGIN_ANEW
        first_of_incarnation = asked
#endif
     fi;
     what = 0; id = 0; ask = 0; i = 0
  od
}

/* ThreadPool::keep_time: takes the timer under the lock of the queue, then calls Cell::fire without it. */
proctype Timer(byte token) {
end_not_due:
  atomic { is_timer_pending[token] -> is_timer_pending[token] = false }
  post(due, token, token)
}

/* The asked side: answers once, or lets go of the Reply, which answers too. */
proctype Asked(byte number) {
end_never_asked:
  is_answerable[number];
  post(reply, id_of[number], number)
}

/* What else happens to the asker. */
proctype Rest() {
  byte failures;
  do
  :: failures < FAILURES -> failures++; post(fail, 0, 0)
  :: post(stop, 0, 0); break
  :: break
  od
}

init {
  byte i;
  atomic {
    run Asker();
    for (i : 0 .. ASKS - 1) { run Timer(i); run Asked(i) }
    run Rest()
  }
  timeout ->
    assert(len(events) == 0);
    for (i : 0 .. ASKS - 1) {
      assert(open[i] == 0 && !is_timer_known[i] && !is_timer_pending[i]);
      assert(i >= asked || runs[i] == 1 || (runs[i] == 0 && born[i] < incarnation))
    }
    assert(asked == completed + forgotten)
}
