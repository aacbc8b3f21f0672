/* SPDX-License-Identifier: MIT OR Apache-2.0
 * SPDX-FileCopyrightText: The lepton authors
 *
 * How a cell ends: src/actor/cell.cpp (push, post, take_next, start, on_stop, close_on_exit, end, mark_dead, kill) and
 * what its supervisor does about it (supervisor.cpp: on_exit, stop_next, on_stop_overdue). Senders keep sending, a
 * handler may fail once and the cell be restarted, and at any moment it is stopped for good: at once, or after it has
 * drained, which may take too long. A critical section of Cell::mutex_ is one atomic step; the order in which messages
 * wait is left out (mailbox.pml has it).
 *
 * Shown for every interleaving:
 *   no message is uncounted: sent = accepted + refused, accepted = handled + undelivered, and what was undelivered is
 *   answered;
 *   no wake-up is lost: each stop ends, and the supervisor is told once that the cell is closed;
 *   after a drain that was neither cut short nor had a failure before it, nothing is undelivered;
 *   no handler runs without an incarnation, none after the end.
 * -DKILL: besides, the system is killed at any moment (System::kill). -DPATIENT: no drain is cut short.
 */
#define SENDERS 2
#define EACH 2
#define WORKERS 1 /* more than one: mailbox.pml */
#define BATCH 2
#define QUANTUM 3
#define FAILURES 1

mtype = { running, draining, down, stopped };                    /* CellState */
mtype = { nothing, event, message, drained };                    /* Cell::Next::Kind */
mtype = { start, stop_close, stop_drain };                       /* request_start, request_stop */

mtype state = running;
byte waiting, in_batch;                 /* messages in the mailbox and in Cell::batch_ */
chan events = [6] of { mtype };         /* Cell::events_ */
bool is_scheduled, is_running, attention, is_closed, is_dead;
bool has_incarnation = true, closes_on_exit;    /* of the turn alone */

chan exits = [4] of { bool };           /* Parent::child_exited: is it closed? */
byte posted, handling, failures;
byte accepted, refused, handled, undelivered, answered, closed_reports;
bool is_drained_in_order, is_over, is_killed;

inline schedule() {
  atomic { posted++; assert(posted == 1) }
}

/* Cell::post */
inline post(what) {
  atomic {
    wakes = false;
    if
    :: !is_dead -> events ! what; attention = true; wakes = !is_scheduled; is_scheduled = true
    :: else
    fi
  }
  if
  :: wakes -> schedule()
  :: else
  fi;
  wakes = false
}

/* Cell::push */
proctype Sender() {
  byte number;
  bool wakes;
  for (number : 1 .. EACH) {
    atomic {
      wakes = false;
      if
      :: is_closed -> refused++ /* SendError::stopped */
      :: else ->
         waiting++; accepted++;
         if
         :: state == running || state == draining -> wakes = !is_scheduled; is_scheduled = true
         :: else
         fi
      fi
    }
    if
    :: wakes -> schedule()
    :: else
    fi
  }
}

/* Cell::end */
inline end_incarnation() {
  has_incarnation = false; /* forget_incarnation */
  atomic {
#ifndef MUTANT_BATCH_FORGOTTEN
    waiting = waiting + in_batch; /* give_back_batch */
#endif
    in_batch = 0;
    leftovers = 0;
    if
    :: closes_on_exit ->
       leftovers = waiting; undelivered = undelivered + leftovers; waiting = 0; /* drop_leftovers */
       state = stopped;
       is_dead = true;
       do
       :: len(events) > 0 -> events ? what
       :: else -> break
       od
    :: else -> state = down
    fi
  }
#ifdef MUTANT_CLOSED_AFTER_LEFTOVERS
  if
  :: closes_on_exit -> is_closed = true
  :: else
  fi;
#endif
  answered = answered + leftovers; /* answer_stopped */
  exits ! closes_on_exit /* child_exited */
}

/* ThreadPool::work, Cell::run */
proctype Worker() {
  byte left, leftovers;
  mtype next, what;
end_idle:
  do
  :: atomic { posted > 0 -> posted--; left = QUANTUM }
     do
     :: left == 0 -> /* Cell::leave */
        atomic {
          waiting = waiting + in_batch; in_batch = 0;
          is_running = false;
          next = nothing;
          if
          :: is_dead -> is_scheduled = false
          :: else -> next = event
          fi
        }
        if
        :: next == event -> schedule()
        :: else
        fi;
        break
     :: left > 0 ->
        /* Cell::take_next */
        if
        :: in_batch > 0 && !attention -> in_batch--; next = message
        :: else ->
           atomic {
             assert(is_scheduled);
             is_running = true;
             waiting = waiting + in_batch; in_batch = 0;
             if
             :: !is_dead && len(events) > 0 -> events ? what; next = event
             :: !is_dead && len(events) == 0 && (state == running || state == draining) && waiting > 0 ->
                attention = false;
                do
                :: waiting > 0 && in_batch < BATCH && in_batch < left -> waiting--; in_batch++
                :: else -> break
                od;
                in_batch--; next = message
#ifndef MUTANT_DRAIN_WITHOUT_END
             :: !is_dead && len(events) == 0 && state == draining && waiting == 0 -> next = drained
#endif
             :: else -> next = nothing; is_scheduled = false; is_running = false
             fi
           }
        fi;
        if
        :: next == nothing -> break
        :: next == message -> /* Cell::handle */
           atomic { handling++; assert(handling == 1); assert(has_incarnation && state != stopped) }
           atomic { handling--; handled++ }
           if
           :: failures < FAILURES -> failures++; end_incarnation() /* it throws */
           :: true
           fi
        :: next == drained ->
           is_drained_in_order = true;
           end_incarnation()
        :: next == event && what == start -> /* Cell::start */
           if
           :: has_incarnation || is_closed
           :: else -> atomic { state = running; has_incarnation = true }
           fi
        :: next == event && what != start -> /* Cell::on_stop */
           if
           :: is_closed && !has_incarnation
           :: else ->
              closes_on_exit = true; /* close_on_exit */
#ifndef MUTANT_CLOSED_AFTER_LEFTOVERS
              is_closed = true;
#endif
              if
              :: what == stop_drain && has_incarnation -> state = draining
              :: else -> end_incarnation()
              fi
           fi
        fi;
        left--
     od
  od
}

/* Supervisor: restarts the child, then stops it for good. */
proctype Supervisor() {
  bool wakes, closed;
  mtype mode;
  do
  :: exits ? closed -> assert(!closed); post(start)
  :: break
  od;
  if
  :: mode = stop_close
  :: mode = stop_drain
  fi;
  post(mode);
  do
  :: exits ? closed ->
     if
     :: closed -> closed_reports++; break
     :: else -> post(mode) /* on_exit, stop_next: it went down before the stop reached it */
     fi
#ifndef PATIENT
  :: mode == stop_drain -> mode = stop_close; post(mode) /* on_stop_overdue */
#endif
#ifdef KILL
  :: is_killed -> break
#endif
  od;
  is_over = true
}

#ifdef KILL
/* System::kill */
proctype Killer() {
  mtype what;
  byte leftovers;
  atomic { is_closed = true; is_dead = true; attention = true } /* Cell::mark_dead */
  /* Cell::kill */
#ifdef MUTANT_KILL_WITHOUT_WAIT
  atomic {
#else
  atomic { !is_running ->
#endif
    state = stopped;
    leftovers = waiting; undelivered = undelivered + leftovers; waiting = 0;
    do
    :: len(events) > 0 -> events ? what
    :: else -> break
    od
  }
  atomic { assert(handling == 0); has_incarnation = false; answered = answered + leftovers }
  is_killed = true
}
#endif

init {
  byte i;
  atomic {
    for (i : 1 .. SENDERS) { run Sender() }
    for (i : 1 .. WORKERS) { run Worker() }
    run Supervisor();
#ifdef KILL
    run Killer()
#endif
  }
  timeout ->
    assert(is_over);
    assert(state == stopped && !has_incarnation);
    assert(waiting == 0 && in_batch == 0 && len(events) == 0);
    assert(!is_running && posted == 0);
    assert(accepted + refused == SENDERS * EACH);
    assert(accepted == handled + undelivered);
    assert(answered == undelivered);
#ifndef KILL
    assert(closed_reports == 1 && len(exits) == 0);
    assert(!is_drained_in_order || failures > 0 || undelivered == 0)
#endif
}
