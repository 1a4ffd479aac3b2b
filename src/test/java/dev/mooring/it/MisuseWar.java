package dev.mooring.it;

import dev.mooring.nodes.JettyNode;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The web application {@code misuse} on one node, at one context path.
 *
 * @param node the node that it runs on
 * @param path its context path
 */
record MisuseWar(JettyNode node, String path) {
    /** What an application may put into a session, each by its kind and what is in it. */
    static final List<String> VALUES = List.of(
            "text one",
            "number 7",
            "decimal 1.50",
            "instant 1000",
            "dates 2026-11-22",
            "list one",
            "linked one",
            "fixed one",
            "immutable one",
            "pair one",
            "setOf one",
            "mapOf one",
            "unmodifiable one",
            "empty one",
            "queue one",
            "synchronized one",
            "copyOnWrite one",
            "map one",
            "concurrent one",
            "sorted one",
            "enums one",
            "enumSet one",
            "enum GREEN",
            "clazz one",
            "bits 5",
            "array one",
            "atomic 4",
            "record 4",
            "records 4",
            "lambda one",
            "cart one",
            "bound one",
            "wordy one",
            "big 30000");

    /** The WAR as it was packed. */
    static Path file() {
        return Path.of(System.getProperty("mooring.wars"), "misuse.war");
    }

    /**
     * Has {@code /guarded} of a copy of the WAR let in users only, by this method of login; for nodes with the module
     * demo-realm.
     */
    static void letsInUsersOnly(Path war, String method) {
        String form = "<form-login-config><form-login-page>/do?m=form</form-login-page>"
                + "<form-error-page>/do?m=form;who</form-error-page></form-login-config>";
        Wars.describe(
                war,
                "</web-app>",
                "<security-constraint><web-resource-collection><web-resource-name>guarded</web-resource-name>"
                        + "<url-pattern>/guarded</url-pattern></web-resource-collection>"
                        + "<auth-constraint><role-name>user</role-name></auth-constraint></security-constraint>"
                        + "<login-config><auth-method>" + method + "</auth-method><realm-name>Test Realm</realm-name>"
                        + (method.equals("FORM") ? form : "") + "</login-config>"
                        + "<security-role><role-name>user</role-name></security-role></web-app>");
    }

    /** Where to do these words. */
    URI does(String words) {
        return node.http(path + "/do?m=" + URLEncoder.encode(words, StandardCharsets.UTF_8));
    }

    /** The same, for users only. */
    URI guarded(String words) {
        return node.http(path + "/guarded?m=" + URLEncoder.encode(words, StandardCharsets.UTF_8));
    }

    /** Where a form's user and password go. */
    URI login() {
        return node.http(path + "/j_security_check");
    }

    /** Where the endpoint is. */
    URI socket() {
        return node.ws(path + "/socket");
    }

    /** The answers to these words, without what the listeners were told. Blocks. */
    String says(Browser browser, String words) {
        return withoutEvents(browser.gets(does(words)).body());
    }

    /** An answer without what the listeners were told. */
    static String withoutEvents(String answer) {
        return answer.replaceFirst(" \\{(created|added|replaced|removed|bound|destroyed|activated|id changed) ?.*", "");
    }
}
