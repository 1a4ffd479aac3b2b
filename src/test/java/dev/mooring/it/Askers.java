package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.testing.Hiccups;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * People who ask the same again and again while something is wrong with the store, each on a thread of their own, until
 * they are {@linkplain #stopAfter stopped}. Whoever asks is answered within five seconds, by the truth or by a refusal.
 * For one thread.
 */
final class Askers implements AutoCloseable {
    /** What the contract promises. */
    static final Duration LONGEST_ANSWER = Duration.ofSeconds(5);

    /** What an answer was. */
    enum Verdict {
        SERVED,
        REFUSED,
        WRONG
    }

    /** One answer, and what its asker thinks of it. */
    record Answer(Verdict verdict, String text) {}

    /** Asks once, and waits for the answer. */
    interface Question {
        Answer ask();
    }

    /** What one asker got. */
    static final class Answers {
        private final List<String> wrong = new ArrayList<>();
        private int served;
        private int refused;
        private Duration longest = Duration.ZERO;

        int served() {
            return served;
        }

        int refused() {
            return refused;
        }

        private void add(Answer answer, Duration taken, Duration allowed) {
            switch (answer.verdict) {
                case SERVED -> served++;
                case REFUSED -> refused++;
                case WRONG -> wrong.add(answer.text);
            }
            longest = taken.compareTo(longest) > 0 ? taken : longest;
            if (taken.compareTo(allowed) > 0) {
                wrong.add("an answer took " + taken.toMillis() + " ms");
            }
        }

        @Override
        public String toString() {
            return served + " served, " + refused + " refused, longest " + longest.toMillis() + " ms, wrong " + wrong;
        }
    }

    /** What one asker has written to an attribute: a number, one more each time. Used by one thread after the other. */
    static final class Written {
        private final String name;

        /** The last value that was sent, and the last one that was answered as stored. */
        private long sent;

        private long answered;

        Written(String name) {
            this.name = name;
        }

        private String next() {
            return "set " + name + " " + ++sent;
        }

        private Answer note(Answer answer) {
            if (answer.verdict == Verdict.SERVED) {
                answered = sent;
            }
            return answer;
        }

        /** Checks that the session has the last value that was answered as stored, or one after it. */
        void isIn(LiveWar war, Browser browser) {
            assertThat(Long.parseLong(browser.says(war, "get " + name)))
                    .as("the last write of %s that was answered, or one after it", name)
                    .isBetween(answered, sent);
        }
    }

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Hiccups hiccups = Hiccups.watched();
    private final List<Future<Answers>> asking = new ArrayList<>();
    private volatile boolean over;

    /** Has one more ask. */
    Askers ask(Question question) {
        asking.add(threads.submit(() -> {
            var answers = new Answers();
            while (!over) {
                long begun = System.nanoTime();
                Answer answer = question.ask();
                Duration taken = Duration.ofNanos(System.nanoTime() - begun);
                answers.add(answer, taken, LONGEST_ANSWER.plus(hiccups.excuse()));
            }
            return answers;
        }));
        return this;
    }

    /**
     * Lets them ask for a while yet, and then no more. Blocks.
     *
     * @return what each of them got, in the order in which they began
     */
    List<Answers> stopAfter(Duration length) throws ExecutionException, InterruptedException {
        await().pollDelay(length).atMost(length.multipliedBy(2)).until(() -> true);
        over = true;
        List<Answers> all = new ArrayList<>();
        for (Future<Answers> each : asking) {
            all.add(each.get());
        }
        return all;
    }

    /** Checks that nobody got a wrong answer, or had to wait for one for too long; says what all of them got. */
    void gotNothingWrong(String what, List<Answers> all) {
        System.out.println(what + ": " + all + ", excused " + hiccups.excuse().toMillis() + " ms");
        assertThat(all).allSatisfy(answers -> assertThat(answers.wrong).isEmpty());
    }

    @Override
    public void close() {
        over = true;
        threads.shutdownNow();
        hiccups.close();
    }

    /** Asks the session, by a request, whose it is. */
    static Question reads(Browser browser, LiveWar war, String owner) {
        return () -> byRequest(browser.gets(war.say("get who")), owner);
    }

    /** Writes to the session by a request. */
    static Question writes(Browser browser, LiveWar war, Written written) {
        return () -> written.note(byRequest(browser.gets(war.say(written.next())), "ok"));
    }

    /** Asks the session, by the handle that a WebSocket has, whose it is. */
    static Question reads(Socket socket, String owner) {
        return () -> byHandle(socket.asks("try get who"), owner);
    }

    /** Writes to the session by the handle that a WebSocket has. */
    static Question writes(Socket socket, Written written) {
        return () -> written.note(byHandle(socket.asks("try " + written.next()), "ok"));
    }

    /** Opens a WebSocket. */
    static Question upgrades(Browser browser, LiveWar war) {
        return () -> {
            int status = browser.upgrades(war.socket(Way.CONFIGURED));
            Verdict verdict = status == 101 ? Verdict.SERVED : status == 503 ? Verdict.REFUSED : Verdict.WRONG;
            return new Answer(verdict, "an upgrade was answered with " + status);
        };
    }

    private static Answer byRequest(HttpResponse<String> response, String expected) {
        Verdict served =
                response.statusCode() == 200 && response.body().equals(expected) ? Verdict.SERVED : Verdict.WRONG;
        return new Answer(refuses(response) ? Verdict.REFUSED : served, response.statusCode() + " " + response.body());
    }

    private static Answer byHandle(String answer, String expected) {
        Verdict served = answer.equals(expected) ? Verdict.SERVED : Verdict.WRONG;
        return new Answer(answer.startsWith("!StoreUnavailableException") ? Verdict.REFUSED : served, answer);
    }

    /** Tells whether a response refuses the request, and leaves the client its cookie. */
    static boolean refuses(HttpResponse<String> response) {
        return response.statusCode() == 503
                && response.headers().firstValue("Retry-After").isPresent()
                && response.headers().firstValue("Set-Cookie").isEmpty();
    }
}
