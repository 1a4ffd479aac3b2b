package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A web application that misuses sessions, request by request: two nodes in turns answer as one Jetty does that keeps
 * its sessions in memory. What they answer otherwise is listed here and in the README, each with its reason.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBERS", "CLIENTS"})
class MisuseIT {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static JettyNode inMemory;
    private static NodeCluster cluster;

    @Parameter
    Mode mode;

    /**
     * One person's requests.
     *
     * @param differences the answers of two nodes that are meant to be others than those of one
     */
    record Story(String title, List<String> requests, List<Difference> differences) {
        static Story of(String title, String... requests) {
            return new Story(title, List.of(requests), List.of());
        }

        /** {@code request} is answered otherwise, because of {@code reason}, which stands in the README. */
        Story but(int request, String answer, String reason) {
            var more = new ArrayList<>(differences);
            more.add(new Difference(request, answer, reason));
            return new Story(title, requests, more);
        }

        @Override
        public String toString() {
            return title;
        }
    }

    /** One answer, by the number of its request from 0. */
    record Difference(int request, String answer, String reason) {}

    private static final String OBJECTS = "each attribute is stored by itself";
    private static final String ACTIVATED = "the session has come to another node";
    private static final String ALL = "a listener that throws keeps no other from being called";
    private static final String LOCAL = "a value that cannot be serialised stays on its node";

    private static final List<String> EVERY_KIND = Stream.concat(
                    MisuseWar.VALUES.stream(), Stream.of("restless one", "deep 100"))
            .toList();

    /** The stories; requests go to the nodes in turns. */
    static final List<Story> STORIES = List.of(
            Story.of("no session", "hasSession", "valid", "get a", "changeId"),
            Story.of("a new one", "open;isNew;names", "isNew;times;valid", "isNew;context;maxInactive"),
            everyKind(),
            changedInPlace(
                    "list one",
                    "linked one",
                    "fixed one",
                    "immutable one",
                    "synchronized one",
                    "copyOnWrite one",
                    "map one",
                    "concurrent one",
                    "sorted one",
                    "enums one",
                    "array one",
                    "records 4",
                    "cart one",
                    "wordy one",
                    "big 1000"),
            Story.of(
                    "numbers in place",
                    "open;set a atomic 4;set b bits 1;set c enumSet x",
                    "change a 3;change b 9;change c GREEN;get a;get b;get c",
                    "get a;get b;get c"),
            Story.of(
                    "changed after it was set, in one request",
                    "open",
                    "set a list one;change a two",
                    "get a;change a three;set b text x;change a four",
                    "get a;set a list new;change a newer;get a",
                    "get a"),
            Story.of("set again", "open;set a list one", "again a", "again a;again a", "get a"),
            Story.of(
                    "changed after the response was on its way",
                    "open;set a list one;set b text 1",
                    "flush;change a two;set b text 2",
                    "get a;get b;flush;set c text 3",
                    "get c;flush;remove c",
                    "get c"),
            Story.of(
                    "on other threads",
                    "open;thread set a list one;thread get a",
                    "thread get a;thread change a two;get a",
                    "thread names;thread isNew;thread context;thread times;thread remove a",
                    "get a;thread setMaxInactive 100",
                    "maxInactive;thread invalidate;get a",
                    "hasSession"),
            Story.of(
                    "asynchronously",
                    "open",
                    "async set a list one",
                    "async change a two;get a",
                    "async get a;flush;change a three",
                    "get a"),
            Story.of(
                    "forwarded and included",
                    "open",
                    "set a list one;forward change a two",
                    "get a;include change a three",
                    "get a"),
            Story.of(
                    "failing requests",
                    "open;set before list one",
                    "change before two;fail",
                    "get before;change before three;error 404",
                    "get before;change before four;redirect /elsewhere",
                    "get before"),
            Story.of("two names for one object", "open;set a list one;copy a b;same a b", "same a b;get a;get b")
                    .but(1, "false | [one] | [one]", OBJECTS),
            Story.of("listeners", "open;set a text 1", "set a text 2", "again a", "remove a", "remove a", "setNull a"),
            Story.of(
                    "binding",
                    "open;set a bound one",
                    "set a bound two",
                    "again a",
                    "copy a b",
                    "remove a",
                    "get b;invalidate"),
            Story.of(
                    "a listener that writes",
                    "open;set echo-x text 1",
                    "names;get of-echo-x",
                    "set echo-y list 1",
                    "names"),
            Story.of(
                    "a listener that throws",
                    "open;set throw text 1",
                    "get throw;names",
                    "set throw text 2",
                    "get throw"),
            Story.of(
                    "a value that throws when it is bound",
                    "open;set a bound refuses",
                    "get a;names",
                    "set a text 2",
                    "get a;names"),
            Story.of(
                    "a listener that ends the session",
                    "open;set a list one",
                    "set end text 1;hasSession;open;set a text new",
                    "get a;names"),
            Story.of(
                            "listeners that throw at the end",
                            "open;set a text 1;set throwAtUnbind text 1;set z bound throws;set y bound calm",
                            "set throwAtEnd text 1",
                            "thread invalidate;hasSession",
                            "hasSession;open")
                    .but(
                            2,
                            "ok | false {destroyed with 1, added epitaph, destroyed all the same, removed a 1, removed epitaph written,"
                                    + " removed boundBy calm, removed born in a listener, unbound y calm, removed y bound calm,"
                                    + " unbound z throws, removed throwAtEnd 1, removed throwAtUnbind 1}",
                            ALL),
            Story.of(
                            "listeners that throw at the beginning",
                            "hasSession",
                            "openFailing;get born",
                            "valid;isNew;set a text 1",
                            "get a")
                    .but(1, "true | in a listener {created, added born}", ALL),
            Story.of(
                    "a listener that throws at a new id",
                    "open;set throwAtRename text 1",
                    "changeId",
                    "get renamed;valid"),
            Story.of(
                    "a new id",
                    "open;set a text 1",
                    "changeId;get a",
                    "get a;get renamed;valid;changeId",
                    "valid;get a"),
            Story.of(
                    "the end",
                    "open;set a list one",
                    "get a;invalidate;get a;names;isNew;created;invalidate;maxInactive",
                    "hasSession;open;get a;isNew",
                    "get a"),
            Story.of(
                    "ended and begun in one request",
                    "open;set a text 1",
                    "invalidate;open;set b text 2",
                    "get a;get b"),
            Story.of(
                    "names",
                    "open;set a text 1;set b text 2;set c list 1",
                    "names;remove b;names",
                    "removeAll;names",
                    "names"),
            Story.of("no name", "open;setNameless", "getNameless;set  text x", "names"),
            Story.of("many", "open;many 300", "events;count", "remove many7;count", "count"),
            Story.of("a long name", "open;longName 5000", "count"),
            Story.of(
                    "never idle",
                    "open;setMaxInactive 0",
                    "maxInactive;setMaxInactive -1",
                    "maxInactive",
                    "setMaxInactive 500",
                    "maxInactive"),
            Story.of("the session in itself", "open;setSession me;isSelf me", "events", "isSelf me;remove me;get me"),
            Story.of(
                            "a part that cannot be serialised",
                            "open;set a plugged one;set b text fine",
                            "get b",
                            "get a;get b")
                    .but(1, "fine", LOCAL),
            Story.of(
                    "a plug",
                    "open;set a thread one;set b text 1;names",
                    "get b",
                    "get a;get b;set b list 2",
                    "get b",
                    "names;get a;get b"),
            Story.of("a plug, elsewhere", "open;set a thread one", "get a;names", "get a")
                    .but(1, "null | born", LOCAL),
            Story.of("a plug, replaced elsewhere", "open;set a thread one", "set a text two", "get a")
                    .but(1, "ok {added a}", LOCAL),
            Story.of(
                    "one that changes while it is stored",
                    "open;set a restless one",
                    "change a two;get a;set b text 1",
                    "get b"),
            Story.of("activation", "open;set a active one", "get a", "get a")
                    .but(1, "active one with its plug {activated one}", ACTIVATED),
            Story.of(
                    "accessors",
                    "open;set a list one",
                    "access get a;access set b text 2",
                    "get b;access change a two",
                    "get a;access isNew"),
            Story.of(
                    "same instance",
                    "open;set a cart one;stable a",
                    "stable a;stable a;thread stable a",
                    "set b text 1;stable a"),
            Story.of("encoding", "open;encode", "encode", "encode"),
            Story.of(
                    "a login",
                    "open;set a text 1;who",
                    "login user wrong;who",
                    "login user password;who;get a",
                    "who;get a;valid;names",
                    "login user password;who",
                    "thread get a;thread names",
                    "who;logout;who;get a",
                    "who;get a;names;logout"),
            Story.of(
                    "a login without a session",
                    "login user password;who;hasSession",
                    "who;isNew;changeId",
                    "who;invalidate;hasSession",
                    "who;hasSession"));

    private static Story everyKind() {
        var requests = new ArrayList<>(List.of("open"));
        for (String kind : EVERY_KIND) {
            requests.add("set a " + kind);
            requests.add("get a;stable a");
            requests.add("get a");
        }
        return new Story("every kind of value", requests, List.of());
    }

    private static Story changedInPlace(String... kinds) {
        var requests = new ArrayList<>(List.of("open"));
        for (String kind : kinds) {
            requests.add("set a " + kind);
            requests.add("change a two");
            requests.add("get a;change a three;get a");
            requests.add("get a");
            requests.add("get a;events");
        }
        return new Story("changed in place", requests, List.of());
    }

    @BeforeAll
    static void startJettyWithoutUs() {
        var base = JettyBase.in(Path.of(System.getProperty("mooring.work"), "misuse-in-memory"));
        deploy(base);
        JettyBase laid = base.create();
        letInUsers(laid);
        inMemory = JettyNode.launch("in-memory", laid).awaitStarted(Duration.ofSeconds(60));
    }

    @AfterAll
    static void stopJettyWithoutUs() {
        inMemory.close();
    }

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        cluster = NodeCluster.start(
                "misuse",
                2,
                mode,
                base -> {
                    deploy(base);
                    base.war("basic", MisuseWar.file()).environment("basic", "ee11");
                },
                base -> {
                    letInUsers(base);
                    MisuseWar.letsInUsersOnly(base.directory().resolve("webapps/basic.war"), "BASIC");
                });
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expecting("attribute .* stays on this node", "what the stories put there on purpose")
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .expecting("a listener of .* failed", "what the stories have thrown on purpose")
                .expecting("session(Created|Destroyed|IdChanged) of misuse.* failed", "the same")
                .expecting("ServletChannel:.*/misuse-ee1[01]/do", "a request that fails on purpose")
                .passes(List.of("/misuse-ee10", "/misuse-ee11", "/basic"));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("stories")
    void isAnsweredAsByOneJetty(Story story, String environment) {
        List<String> expected = answers(story, environment, List.of(inMemory));
        story.differences()
                .forEach(difference -> expected.set(
                        difference.request(),
                        story.requests().get(difference.request()) + " -> 200 " + difference.answer()));

        // What the listeners were told in other tests is not this one's.
        cluster.nodes()
                .forEach(
                        node -> cluster.newBrowser().gets(war(node, environment).does("hasSession")));
        List<String> actual = answers(story, environment, cluster.nodes());

        assertThat(actual).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @MethodSource("environments")
    void aLoginByFormIsKnownOnTheOtherNodeAndSoIsTheLogout(String environment) {
        Logins.byForm(cluster.newBrowser(), war(0, environment), war(1, environment));
    }

    @Test
    void aLoginByPasswordInEachRequestChangesTheIdOnceForBothNodes() {
        Logins.byPasswordInEachRequest(
                cluster.newBrowser(),
                new MisuseWar(cluster.node(0), "/basic"),
                new MisuseWar(cluster.node(1), "/basic"));
    }

    /** The client may ask the other node before the first one has noticed: the response was complete already. */
    @ParameterizedTest
    @MethodSource("environments")
    void whatChangesAfterTheResponseWasClosedIsStoredSoon(String environment) {
        Browser ada = cluster.newBrowser();
        ada.gets(war(0, environment).does("open;set a list one"));

        ada.gets(war(1, environment).does("change-later a two"));

        await().atMost(LIMIT)
                .until(() -> ada.gets(war(0, environment).does("get a")).body().equals("[one, two]"));
    }

    @ParameterizedTest
    @MethodSource("environments")
    void whatAMessageChangesInPlaceIsOnTheOtherNodeWhenItsAnswerIsHere(String environment) {
        Browser ada = cluster.newBrowser();
        ada.gets(war(0, environment).does("open;set a list 0"));

        try (Socket socket = ada.opens(war(0, environment).socket())) {
            for (int round = 1; round <= 30; round++) {
                assertThat(socket.asks("change a " + round)).isEqualTo("ok");

                assertThat(ada.gets(war(1, environment).does("get a")).body())
                        .as("round %s", round)
                        .endsWith(", " + round + "]");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("environments")
    void aValueThatCannotBeWrittenForAWhileIsStoredSoon(String environment) {
        Browser ada = cluster.newBrowser();
        ada.gets(war(0, environment).does("open;set a restless one"));

        try (Socket socket = ada.opens(war(1, environment).socket())) {
            assertThat(socket.asks("change a two")).isEqualTo("ok");
        }

        await().atMost(LIMIT)
                .until(() -> ada.gets(war(0, environment).does("get a")).body().equals("restless two"));
    }

    @ParameterizedTest
    @MethodSource("environments")
    void aRequestAndASocketOfOneNodeShareTheirInstancesUntilAnotherNodeWritesThem(String environment) {
        Browser ada = cluster.newBrowser();
        ada.gets(war(0, environment).does("open;set a cart one;set b list one"));

        try (Socket socket = ada.opens(war(1, environment).socket())) {
            String instance = socket.asks("identity a");
            assertThat(ada.gets(war(1, environment).does("identity a")).body()).isEqualTo(instance);
            ada.gets(war(0, environment).does("set b list two;get a"));
            assertThat(socket.asks("get b")).isEqualTo("[two]");
            assertThat(socket.asks("identity a")).isEqualTo(instance);
            ada.gets(war(1, environment).does("change a two;set c text 1"));
            assertThat(socket.asks("identity a")).isEqualTo(instance);

            ada.gets(war(0, environment).does("again a"));

            assertThat(socket.asks("identity a")).isNotEqualTo(instance);
            assertThat(socket.asks("get a")).isEqualTo("cart [one, two]true");
        }
    }

    @ParameterizedTest
    @MethodSource("environments")
    void everyMethodOfTheSessionLivesInASocketAndOnItsThreads(String environment) {
        Browser ada = cluster.newBrowser();
        String created = ada.gets(war(0, environment).does("open;created;set a bound one"))
                .body()
                .split(" \\| ")[1];

        try (Socket socket = ada.opens(war(1, environment).socket())) {
            for (String where : List.of("", "thread ")) {
                assertThat(socket.asks(where + "created")).isEqualTo(created);
                assertThat(socket.asks(where + "isNew")).isEqualTo("false");
                assertThat(socket.asks(where + "times")).isEqualTo("true");
                assertThat(socket.asks(where + "context")).isEqualTo("misuse");
                assertThat(socket.asks(where + "names")).isEqualTo("a,born,boundBy");
                ada.gets(war(0, environment).does("setMaxInactive 700"));
                assertThat(socket.asks(where + "maxInactive")).isEqualTo("700");
                assertThat(socket.asks(where + "setMaxInactive 800")).isEqualTo("ok");
                assertThat(ada.gets(war(0, environment).does("maxInactive")).body())
                        .isEqualTo("800");
                assertThat(socket.asks(where + "set b list one")).isEqualTo("ok");
                assertThat(socket.asks(where + "remove b")).isEqualTo("ok");
            }
            ada.gets(war(0, environment).does("changeId"));
            assertThat(socket.asks("id")).isEqualTo(socket.asks("thread id"));
            assertThat(socket.asks("get renamed")).isEqualTo("yes");
        }
    }

    @Test
    void anAccessorWorksFromAnyThreadUntilTheSessionOrItsIdEndsOnAnyNode() {
        Browser ada = cluster.newBrowser();
        ada.gets(war(0, "ee11").does("open;set a list one"));

        try (Socket socket = ada.opens(war(1, "ee11").socket())) {
            for (int round = 1; round <= 20; round++) {
                assertThat(socket.asks("accessor change a " + round)).isEqualTo("ok");
                assertThat(ada.gets(war(0, "ee11").does("get a")).body())
                        .as("round %s", round)
                        .endsWith(", " + round + "]");
            }
            ada.gets(war(0, "ee11").does("changeId"));
            assertThat(socket.asks("accessor get a")).isEqualTo("!IllegalStateException");
        }
        try (Socket socket = ada.opens(war(1, "ee11").socket())) {
            assertThat(socket.asks("accessor set b text 1;get b")).isEqualTo("ok | 1");
            // Requests are counted as they should be: the session of an accessor expires as any other.
            assertThat(socket.asks("accessor setMaxInactive 2")).isEqualTo("ok");
            assertThat(socket.close(LIMIT).orElseThrow().code()).isEqualTo(1008);
        }
    }

    private static MisuseWar war(int node, String environment) {
        return war(cluster.node(node), environment);
    }

    private static MisuseWar war(JettyNode node, String environment) {
        return new MisuseWar(node, "/misuse-" + environment);
    }

    static Stream<String> environments() {
        return LiveWar.ENVIRONMENTS.stream();
    }

    static Stream<Arguments> stories() {
        return STORIES.stream()
                .flatMap(story -> LiveWar.ENVIRONMENTS.stream().map(environment -> Arguments.of(story, environment)));
    }

    private static List<String> answers(Story story, String environment, List<JettyNode> nodes) {
        Browser browser = cluster.newBrowser();
        var answers = new ArrayList<String>();
        for (int number = 0; number < story.requests().size(); number++) {
            String request = story.requests().get(number);
            JettyNode node = nodes.get(number % nodes.size());
            HttpResponse<String> response = browser.gets(war(node, environment).does(request));
            String body = response.statusCode() < 300 ? response.body() : "";
            answers.add(request + " -> " + response.statusCode() + " " + body);
        }
        return answers;
    }

    private static void letInUsers(JettyBase base) {
        for (String environment : LiveWar.ENVIRONMENTS) {
            MisuseWar.letsInUsersOnly(base.directory().resolve("webapps/misuse-" + environment + ".war"), "FORM");
        }
    }

    private static void deploy(JettyBase.Builder base) {
        Path war = MisuseWar.file();
        base.modules("http", "demo-realm");
        for (String environment : LiveWar.ENVIRONMENTS) {
            base.modules(environment + "-deploy", environment + "-websocket-jakarta")
                    .war("misuse-" + environment, war)
                    .environment("misuse-" + environment, environment);
        }
    }
}
