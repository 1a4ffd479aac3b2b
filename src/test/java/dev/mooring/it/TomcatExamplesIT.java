package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.nodes.JettyBase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tomcat's own examples, unchanged, on two nodes: an application that nobody here wrote. Only the base knows that it
 * needs three of Tomcat's jars beside it, and a realm with one user.
 */
class TomcatExamplesIT {
    private static final String PROTECTED = "/jsp/security/protected/";
    private static final String CREDENTIALS = "j_username=ada&j_password=lovelace";
    private static final String LOGGED_IN = "You are logged in as remote user\n<b>ada</b>";

    private static NodeCluster cluster;

    @BeforeAll
    static void startNodes() {
        cluster = NodeCluster.start(
                "tomcat-examples",
                2,
                Mode.MEMBERS,
                base -> base.modules("http", "ee10-deploy", "ee10-websocket-jakarta", "ee10-jsp"),
                TomcatExamplesIT::deployExamples);
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expecting("DigesterFactory:.*XML schema", "Jasper's own, says nothing of the application")
                .passes(List.of("/examples"));
    }

    @Test
    void theSessionExampleLosesNoValueOnAlternatingNodes() {
        Browser ada = cluster.newBrowser();
        for (int round = 0; round < 60; round++) {
            String name = "name" + round % 8;
            String value = "value" + round;
            ada.gets(on(round % 2, "/servlets/servlet/SessionExample?dataname=" + name + "&datavalue=" + value));
            if (round % 8 == 5) {
                ada.gets(on((round + 1) % 2, "/servlets/servlet/SessionExample?dataname=" + name));
            }
        }

        for (int node = 0; node < 2; node++) {
            String page = ada.gets(on(node, "/servlets/servlet/SessionExample")).body();
            assertThat(page)
                    .contains("name0 = value56", "name1 = value57", "name2 = value58", "name3 = value59")
                    .contains("name4 = value52", "name6 = value54", "name7 = value55")
                    .doesNotContain("name5 =");
        }
    }

    @Test
    void whoLogsInOnOneNodeIsKnownOnTheOther() {
        Browser ada = cluster.newBrowser();

        logsIn(ada, 0, 0);

        assertThat(ada.gets(on(1, PROTECTED + "index.jsp")).body()).contains(LOGGED_IN);
        assertThat(ada.gets(on(0, PROTECTED + "index.jsp")).body()).contains(LOGGED_IN);
    }

    @Test
    void theLoginFormMayGoToTheOtherNode() {
        Browser ada = cluster.newBrowser();

        logsIn(ada, 0, 1);

        assertThat(ada.gets(on(0, PROTECTED + "index.jsp")).body()).contains(LOGGED_IN);
        assertThat(ada.gets(on(1, PROTECTED + "index.jsp")).body()).contains(LOGGED_IN);
    }

    @Test
    void whoLogsOffOnOneNodeIsUnknownOnTheOtherAndTheirSocketsAreClosed() {
        Browser ada = cluster.newBrowser();
        logsIn(ada, 0, 0);
        Socket here = ada.opens(socket(0, "/websocket/chat"));
        Socket there = ada.opens(socket(1, "/websocket/chat"));

        ada.gets(on(0, PROTECTED + "index.jsp?logoff=true"));

        assertThat(ada.gets(on(1, PROTECTED + "index.jsp")).body()).doesNotContain(LOGGED_IN);
        assertThat(List.of(here, there))
                .allSatisfy(socket -> assertThat(socket.close(Duration.ofSeconds(20)))
                        .hasValueSatisfying(close -> assertThat(close.code()).isEqualTo(1008)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"echoProgrammatic", "echoAnnotation"})
    void theEchoesAnswerOnBothNodes(String endpoint) {
        Browser ada = cluster.newBrowser();
        ada.gets(on(0, "/servlets/servlet/SessionExample"));

        for (int node = 0; node < 2; node++) {
            try (Socket socket = ada.opens(socket(node, "/websocket/" + endpoint))) {
                assertThat(socket.asks("ahoy")).isEqualTo("ahoy");
            }
        }
    }

    @Test
    void theChatAnswersOnBothNodes() {
        Browser ada = cluster.newBrowser();
        ada.gets(on(0, "/servlets/servlet/SessionExample"));

        for (int node = 0; node < 2; node++) {
            try (Socket socket = ada.opens(socket(node, "/websocket/chat"))) {
                assertThat(socket.hears()).matches("\\* Guest\\d+ has joined\\.");
                assertThat(socket.asks("ahoy")).matches("Guest\\d+: ahoy");
            }
        }
    }

    private static void logsIn(Browser browser, int pageNode, int formNode) {
        HttpResponse<String> wanted = browser.gets(on(pageNode, PROTECTED + "index.jsp"));
        assertThat(wanted.statusCode()).isEqualTo(302);
        assertThat(wanted.headers().firstValue("Location"))
                .hasValueSatisfying(page -> assertThat(page).startsWith("/examples" + PROTECTED + "login.jsp"));
        HttpResponse<String> login = browser.posts(on(formNode, PROTECTED + "j_security_check"), CREDENTIALS);
        assertThat(login.headers().firstValue("Location"))
                .hasValueSatisfying(page -> assertThat(page).startsWith("/examples" + PROTECTED + "index.jsp"));
    }

    private static URI on(int node, String path) {
        return cluster.node(node).http("/examples" + path);
    }

    private static URI socket(int node, String path) {
        return cluster.node(node).ws("/examples" + path);
    }

    /**
     * A context XML: the application stays as it came, in its own directory, and gets what Tomcat would have given it.
     */
    private static void deployExamples(JettyBase base) {
        Path tomcat = Path.of(System.getProperty("mooring.tomcat"));
        String xml = """
                <?xml version="1.0"?>
                <!DOCTYPE Configure PUBLIC "-//Jetty//Configure//EN" "https://jetty.org/configure_10_0.dtd">
                <Configure class="org.eclipse.jetty.ee10.webapp.WebAppContext">
                  <Set name="contextPath">/examples</Set>
                  <Set name="war">TOMCAT/webapps/examples</Set>
                  <Set name="extraClasspath">TOMCAT/lib/catalina.jar;TOMCAT/lib/tomcat-util.jar;TOMCAT/lib/tomcat-coyote.jar</Set>
                  <Get name="securityHandler">
                    <Set name="loginService">
                      <New class="org.eclipse.jetty.security.HashLoginService">
                        <Arg>Example Form-Based Authentication Area</Arg>
                        <Call name="setUserStore">
                          <Arg>
                            <New class="org.eclipse.jetty.security.UserStore">
                              <Call name="addUser">
                                <Arg>ada</Arg>
                                <Arg>
                                  <Call class="org.eclipse.jetty.util.security.Credential" name="getCredential">
                                    <Arg>lovelace</Arg>
                                  </Call>
                                </Arg>
                                <Arg><Array type="String"><Item>tomcat</Item></Array></Arg>
                              </Call>
                            </New>
                          </Arg>
                        </Call>
                      </New>
                    </Set>
                  </Get>
                </Configure>
                """.replace("TOMCAT", tomcat.toAbsolutePath().toString());
        try {
            Files.writeString(base.directory().resolve("webapps/examples.xml"), xml);
            Files.writeString(base.directory().resolve("webapps/examples.properties"), "environment=ee10\n");
        } catch (IOException failure) {
            throw new UncheckedIOException("examples not deployed in " + base, failure);
        }
    }
}
