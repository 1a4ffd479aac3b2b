package misuse;

import jakarta.servlet.annotation.WebListener;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Every listener of a session but {@link FirstListener}. They note what they are told and whether they run where the
 * application's classes are; they throw for an attribute whose name begins with {@code throw}, write to the session for
 * one that begins with {@code echo}, and end it for one that begins with {@code end}.
 */
@WebListener
public class Listeners implements HttpSessionListener, HttpSessionIdListener, HttpSessionAttributeListener {
    private static final AtomicBoolean FAILS = new AtomicBoolean();

    /** Has the listeners of creations throw from now on, or not. */
    static void fail(boolean fails) {
        FAILS.set(fails);
    }

    static boolean fails() {
        return FAILS.get();
    }

    @Override
    public void sessionCreated(HttpSessionEvent event) {
        Events.note("created" + place());
        event.getSession().setAttribute("born", "in a listener");
        if (fails()) {
            throw new IllegalArgumentException("thrown by sessionCreated");
        }
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
        HttpSession session = event.getSession();
        Events.note("destroyed with " + session.getAttribute("a") + place());
        session.setAttribute("epitaph", "written");
        if (session.getAttribute("throwAtEnd") != null) {
            throw new IllegalArgumentException("thrown by sessionDestroyed");
        }
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldId) {
        Events.note("id changed " + !oldId.equals(event.getSession().getId()) + place());
        event.getSession().setAttribute("renamed", "yes");
        if (event.getSession().getAttribute("throwAtRename") != null) {
            throw new IllegalArgumentException("thrown by sessionIdChanged");
        }
    }

    @Override
    public void attributeAdded(HttpSessionBindingEvent event) {
        Events.note("added " + event.getName());
        if (event.getName().startsWith("throw") && !event.getName().startsWith("throwAt")) {
            throw new IllegalArgumentException("thrown by attributeAdded");
        }
        if (event.getName().startsWith("end")) {
            event.getSession().invalidate();
        }
        if (event.getName().startsWith("echo")) {
            event.getSession().setAttribute("of-" + event.getName(), event.getValue());
        }
    }

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
        Events.note("removed " + event.getName() + " " + Values.words(event.getValue()));
        if (event.getName().equals("throwAtUnbind")) {
            throw new IllegalArgumentException("thrown by attributeRemoved");
        }
    }

    @Override
    public void attributeReplaced(HttpSessionBindingEvent event) {
        Events.note("replaced " + event.getName() + " " + Values.words(event.getValue()));
    }

    private static String place() {
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        try {
            return loader.loadClass(Listeners.class.getName()) == Listeners.class ? "" : " elsewhere";
        } catch (ClassNotFoundException e) {
            return " nowhere";
        }
    }
}
