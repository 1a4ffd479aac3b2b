package live;

import jakarta.servlet.annotation.WebListener;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;

/**
 * Notes in the {@link Journal} every call of a session listener, and at the end what the session's attributes still
 * answer.
 */
@WebListener
public class SessionEvents implements HttpSessionListener, HttpSessionIdListener, HttpSessionAttributeListener {
    @Override
    public void sessionCreated(HttpSessionEvent event) {
        Journal.note("created " + event.getSession().getId());
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
        // The time by the clock that all processes of a machine share.
        Journal.note("destroyed " + event.getSession().getId() + " " + System.nanoTime() + " "
                + Words.answer(event.getSession(), "get who"));
        if (event.getSession().getAttribute("logged") != null) {
            // For the end that comes with the node's own.
            event.getSession().getServletContext().log("destroyed " + Words.answer(event.getSession(), "get who"));
        }
        if (event.getSession().getAttribute("gate") instanceof String gate) {
            Gates.pass(gate);
            Journal.note("destroyedSlowly " + event.getSession().getId() + " "
                    + Words.answer(event.getSession(), "get who"));
        }
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldId) {
        Journal.note("idChanged " + oldId + " " + event.getSession().getId());
    }

    @Override
    public void attributeAdded(HttpSessionBindingEvent event) {
        Journal.note("added " + event.getSession().getId() + " " + event.getName());
    }

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
        Journal.note("removed " + event.getSession().getId() + " " + event.getName());
    }

    @Override
    public void attributeReplaced(HttpSessionBindingEvent event) {
        Journal.note("replaced " + event.getSession().getId() + " " + event.getName());
    }
}
