/* SPDX-License-Identifier: MIT OR Apache-2.0
 * SPDX-FileCopyrightText: The lepton authors
 *
 * The activation protocol of a cell: src/actor/cell.cpp (push, post, run, take_next, leave) and mailbox.cpp (put,
 * take, give_back). Senders add messages to one class, a poster adds system events, workers of a pool run the cell.
 * A critical section of Cell::mutex_ is one atomic step here; everything else interleaves. What is not in it: weak
 * memory (TSan watches that), several classes and lanes (an urgent message sets the attention flag as an event does).
 *
 * Shown for every interleaving:
 *   the cell is in the pool's queue at most once, and no two workers run it;
 *   no wake-up is lost: when nothing moves any more, nothing waits;
 *   each sender's messages are handled in order, each at most once;
 *   every message is counted: sent = enqueued + rejected, enqueued = handled + dropped;
 *   an event waits for one message at most.
 * -DREJECT: the class rejects when it is full; else it drops its oldest.
 */
#define SENDERS 2
#define EACH 2
#define EVENTS 1
#define WORKERS 2
#define CAPACITY 3
#define BATCH 3   /* kBatchMax */
#define QUANTUM 3 /* kQuantum */

mtype = { nothing, event, message };

chan mailbox = [CAPACITY + BATCH] of { byte, byte }; /* sender and number of each message, Mailbox::lanes_ */
chan batch = [BATCH] of { byte, byte };              /* Cell::batch_, of the turn alone */
byte events;                                         /* Cell::events_ */
bool is_scheduled, is_running, attention;

byte posted;             /* how often the cell is in ThreadPool::ready_ */
byte handling;           /* handlers that run now */
byte enqueued, rejected, dropped, handled, events_handled;
byte last[SENDERS];      /* number of the last handled message of each sender */
bool event_waits;        /* one has been posted and is not handled yet */
byte begun_meanwhile;    /* messages that were begun since */

/* Scheduler::post */
inline schedule() {
  atomic { posted++; assert(posted == 1) }
}

/* Cell::give_back_batch, Mailbox::give_back: in front of what waits, unless drop_oldest has filled its place. */
inline give_back() {
  rest = len(mailbox);
  do
  :: len(batch) > 0 ->
     batch ? s, n;
#ifndef REJECT
     if
     :: rest + len(batch) >= CAPACITY -> dropped++
     :: else -> mailbox ! s, n
     fi
#else
     mailbox ! s, n
#endif
  :: else -> break
  od;
#ifndef MUTANT_GIVE_BACK_BEHIND
  do
  :: rest > 0 -> mailbox ? s, n; mailbox ! s, n; rest--
  :: else -> break
  od;
#endif
  rest = 0
}

proctype Sender(byte me) {
  byte number, s, n;
  bool wakes;
  for (number : 1 .. EACH) {
#ifdef REJECT
    /* Cell::refuses: looks without the lock */
    if
    :: len(mailbox) >= CAPACITY -> atomic { rejected++ }; goto next
    :: else
    fi;
#endif
    atomic { /* Cell::push, Mailbox::put */
      wakes = false;
      if
#ifdef REJECT
      :: len(mailbox) >= CAPACITY -> rejected++
#else
      :: len(mailbox) >= CAPACITY ->
         mailbox ? s, n; dropped++;
         mailbox ! me, number; enqueued++;
         wakes = !is_scheduled; is_scheduled = true
#endif
      :: else ->
         mailbox ! me, number; enqueued++;
         wakes = !is_scheduled; is_scheduled = true
      fi
    }
#ifdef MUTANT_ALWAYS_POST
    wakes = true;
#endif
    if
    :: wakes -> schedule()
    :: else
    fi;
next: skip
  }
}

/* Cell::post, as called for start, stop, timers and replies */
proctype Poster() {
  byte number;
  bool wakes;
  for (number : 1 .. EVENTS) {
    atomic {
      events++; event_waits = true; begun_meanwhile = 0;
#ifndef MUTANT_NO_ATTENTION
      attention = true;
#endif
      wakes = !is_scheduled; is_scheduled = true
    }
    if
    :: wakes -> schedule()
    :: else
    fi
  }
}

/* ThreadPool::work, Cell::run */
proctype Worker() {
  byte left, s, n, rest;
  mtype next;
  bool is_first;
end_idle:
  do
  :: atomic { posted > 0 -> posted--; left = QUANTUM; is_first = true }
     do
     :: left == 0 -> /* Cell::leave */
        atomic { give_back(); is_running = false }
        schedule();
        break
     :: left > 0 ->
        /* Cell::take_next */
        if
        :: len(batch) > 0 && !attention -> atomic { batch ? s, n; next = message }
        :: else ->
           atomic {
             assert(is_scheduled && is_running == !is_first);
             is_first = false; is_running = true;
             give_back();
             if
             :: events > 0 -> events--; next = event
             :: events == 0 && len(mailbox) > 0 ->
                attention = false;
                do
                :: len(mailbox) > 0 && len(batch) < BATCH && len(batch) < left -> mailbox ? s, n; batch ! s, n
                :: else -> break
                od;
                batch ? s, n; next = message
             :: else ->
                next = nothing;
#ifndef MUTANT_FLAG_GIVEN_UP_LATE
                is_scheduled = false; is_running = false
#endif
             fi
           }
        fi;
        if
        :: next == nothing ->
#ifdef MUTANT_FLAG_GIVEN_UP_LATE
           atomic { is_scheduled = false; is_running = false };
#endif
           break
        :: next == event ->
           atomic { handling++; assert(handling == 1); event_waits = (events > 0) }
           atomic { handling--; events_handled++ }
        :: next == message ->
           atomic {
             handling++; assert(handling == 1);
             assert(last[s] < n); last[s] = n;
             if
             :: event_waits -> begun_meanwhile++; assert(begun_meanwhile <= 1)
             :: else
             fi
           }
           atomic { handling--; handled++; s = 0; n = 0 }
        fi;
        left--
     od
  od
}

init {
  byte i;
  atomic {
    for (i : 0 .. SENDERS - 1) { run Sender(i) }
    run Poster();
    for (i : 1 .. WORKERS) { run Worker() }
  }
  timeout ->
    assert(len(mailbox) == 0 && len(batch) == 0 && events == 0);
    assert(!is_scheduled && !is_running && posted == 0);
    assert(enqueued + rejected == SENDERS * EACH);
    assert(enqueued == handled + dropped);
    assert(events_handled == EVENTS)
}
