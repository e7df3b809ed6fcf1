package agent

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

func volume(name, path string, phase core.PersistentVolumePhase) *core.PersistentVolume {
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name},
		Spec: core.PersistentVolumeSpec{
			StorageClassName:       "local",
			ClaimRef:               &core.ObjectReference{Name: "gone"},
			PersistentVolumeSource: core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
		},
		Status: core.PersistentVolumeStatus{Phase: phase},
	}
}

func TestRecyclerEmptiesReleasedVolumesOnly(t *testing.T) {
	folder := t.TempDir()
	elsewhere := t.TempDir()
	fill := func(path string) string {
		if err := os.MkdirAll(filepath.Join(path, "deep"), 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(path, "deep", "data")
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	released, bound := filepath.Join(folder, "released"), filepath.Join(folder, "bound")
	wiped, kept, foreign := fill(released), fill(bound), fill(filepath.Join(elsewhere, "foreign"))
	// A link inside a volume must not lead the wiping out of it.
	if err := os.Symlink(elsewhere, filepath.Join(released, "link")); err != nil {
		t.Fatal(err)
	}
	client := fake.NewClientset(
		volume("released", released, core.VolumeReleased),
		volume("bound", bound, core.VolumeBound),
		volume("foreign", filepath.Join(elsewhere, "foreign"), core.VolumeReleased),
		volume("tricky", folder+"/../"+filepath.Base(elsewhere)+"/foreign", core.VolumeReleased),
	)
	factory := informers.NewSharedInformerFactory(client, 0)
	recycler := newRecycler(factory, client, folder, "local")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	ended := make(chan struct{})
	go func() {
		_ = recycler.run(ctx)
		close(ended)
	}()
	defer func() { cancel(); <-ended }()

	for ctx.Err() == nil {
		read, err := client.CoreV1().PersistentVolumes().Get(ctx, "released", meta.GetOptions{})
		if err == nil && read.Spec.ClaimRef == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if ctx.Err() != nil {
		t.Fatal("the released volume was not offered again")
	}
	if _, err := os.Stat(wiped); !os.IsNotExist(err) {
		t.Error("the released volume was not emptied")
	}
	if state, err := os.Stat(released); err != nil || state.Mode().Perm() != volumeMode {
		t.Errorf("the folder must stay, open to all: %v %v", state, err)
	}
	for _, file := range []string{kept, foreign} {
		if _, err := os.Stat(file); err != nil {
			t.Errorf("%s is gone", file)
		}
	}
}

func TestRecyclerTrustsTheServerMoreThanItsCache(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "again")
	file := filepath.Join(path, "data")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("new owner"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := fake.NewClientset(volume("again", path, core.VolumeBound))
	recycler := newRecycler(informers.NewSharedInformerFactory(server, 0), server, folder, "local")
	if err := recycler.recycle(context.Background(), volume("again", path, core.VolumeReleased)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error("a volume that is in use again was emptied")
	}
}

func TestIsMounted(t *testing.T) {
	table := "29 1 8:1 / / rw - ext4 /dev/sda1 rw\n" +
		"90 29 8:1 /srv/state/volumes/local-01 /run/x/pods/u/volumes/v rw - ext4 /dev/sda1 rw\n" +
		"91 29 8:2 /volumes/local-03 /run/x/pods/w/volumes/v rw - ext4 /dev/sdb1 rw\n"
	for folder, expected := range map[string]bool{
		"/srv/state/volumes/local-01": true,
		"/srv/state/volumes/local-02": false,
		"/srv/state/volumes/local-03": true,
		"/srv/state/volumes/local-1":  false,
	} {
		if IsMounted(table, folder) != expected {
			t.Errorf("%s: expected %v", folder, expected)
		}
	}
}
