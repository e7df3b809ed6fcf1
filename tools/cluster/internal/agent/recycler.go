package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// Everyone may write into a volume's folder, as in a fresh file system that a non-root container
// gets; the folder above it is closed to all but root.
const volumeMode = 0o777

// A volume whose mounts are not gone yet is looked at again after this time.
const recheckTime = time.Second

// recycler empties local volumes whose claim is gone and offers them again.
type recycler struct {
	client       kubernetes.Interface
	volumes      corelisters.PersistentVolumeLister
	folder       string
	storageClass string
	changed      chan struct{}
}

func newRecycler(factory informers.SharedInformerFactory, client kubernetes.Interface, folder, storageClass string) *recycler {
	created := &recycler{
		client:       client,
		volumes:      factory.Core().V1().PersistentVolumes().Lister(),
		folder:       filepath.Clean(folder),
		storageClass: storageClass,
		changed:      make(chan struct{}, 1),
	}
	_, _ = factory.Core().V1().PersistentVolumes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { created.wake() },
		UpdateFunc: func(any, any) { created.wake() },
	})
	return created
}

func (r *recycler) wake() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recycler) run(ctx context.Context) error {
	r.wake()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.changed:
		}
		volumes, err := r.volumes.List(labels.Everything())
		if err != nil {
			return err
		}
		for _, volume := range volumes {
			if !r.isReleased(volume) {
				continue
			}
			if err := r.recycle(ctx, volume); err != nil {
				klog.InfoS("A released volume waits", "volume", volume.Name, "reason", err)
				time.AfterFunc(recheckTime, r.wake)
			}
		}
	}
}

// isReleased accepts only volumes directly below our own folder: nothing else is ever emptied. One
// without a claim is offered already, whatever its phase still says.
func (r *recycler) isReleased(volume *core.PersistentVolume) bool {
	return volume.Status.Phase == core.VolumeReleased &&
		volume.Spec.ClaimRef != nil &&
		volume.Spec.StorageClassName == r.storageClass &&
		volume.Spec.Local != nil &&
		filepath.Dir(filepath.Clean(volume.Spec.Local.Path)) == r.folder
}

// recycle empties before it offers: a crash in between empties twice and never leaks. The cache may
// lag behind a volume that was offered and is in use again, so the API server itself is asked; a
// volume that is released there stays so until we offer it.
func (r *recycler) recycle(ctx context.Context, cached *core.PersistentVolume) error {
	volume, err := r.client.CoreV1().PersistentVolumes().Get(ctx, cached.Name, meta.GetOptions{})
	if err != nil {
		return err
	}
	if !r.isReleased(volume) {
		return nil
	}
	path := filepath.Clean(volume.Spec.Local.Path)
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	if IsMounted(string(table), path) {
		return fmt.Errorf("still mounted")
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	if err := os.Mkdir(path, volumeMode); err != nil {
		return err
	}
	// The process' own mask does not count here.
	if err := os.Chmod(path, volumeMode); err != nil {
		return err
	}
	patch := fmt.Sprintf(`{"metadata":{"resourceVersion":%q},"spec":{"claimRef":null}}`, volume.ResourceVersion)
	_, err = r.client.CoreV1().PersistentVolumes().
		Patch(ctx, volume.Name, types.MergePatchType, []byte(patch), meta.PatchOptions{})
	if err == nil {
		klog.InfoS("Recycled", "volume", volume.Name)
	}
	return err
}

// IsMounted says whether a mount table (the text of /proc/self/mountinfo) has a mount of the folder:
// its fourth field is the mounted folder's path within its own file system.
func IsMounted(table, folder string) bool {
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		if len(fields) > 4 && fields[3] != "/" && strings.HasSuffix(folder, fields[3]) {
			return true
		}
	}
	return false
}
